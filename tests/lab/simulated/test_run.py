"""A run in virtual time is told as one on packets is, and its outcome has the same form."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from probe.config.load import ConfigError
from probe.lab import library, recording
from probe.lab.result import Done, Happened, News, RunResult, Said, Tick
from probe.lab.simulated.run import Options, run


@pytest.fixture(scope="module")
def news() -> list[News]:
    return list(run("tr-2023-02-08", Options(seed=1)))


def result(news: list[News]) -> RunResult:
    assert isinstance(news[-1], Done)
    return news[-1].result


def test_what_begins_is_told_before_what_is_said_of_it(news: list[News]) -> None:
    told = [one for one in news if isinstance(one, Happened | Said)]
    assert isinstance(told[0], Happened)
    assert any(isinstance(one, Said) and one.right for one in told)
    assert [one.at for one in told] == sorted(one.at for one in told)


def test_ticks_go_from_the_start_to_the_end_with_all_probers_heard(news: list[News]) -> None:
    ticks = [one for one in news if isinstance(one, Tick)]
    assert (ticks[0].at, ticks[-1].at) == (0, ticks[-1].length)
    assert {(tick.heard, tick.of) for tick in ticks} == {(18, 18)}


def test_the_outcome_is_right_in_story_seconds_with_verdicts(news: list[News]) -> None:
    found = result(news)
    assert (found.on, found.right, found.scenario) == ("simulated", True, "tr-2023-02-08")
    assert found.seconds_to_right
    assert found.seconds_to_right % 60 == 0
    assert found.verdicts
    assert found.measurements > 1000
    assert found.answers[0].incident


def test_disturbances_leave_what_is_true_true() -> None:
    found = result(list(run("tr-2023-02-08", Options(disturbed=True))))
    assert found.right
    assert len(found.disturbances) == 2


def test_a_recording_can_be_read_again(tmp_path: Path) -> None:
    own, path = tmp_path / "short.yaml", tmp_path / "run.jsonl.xz"
    own.write_text(library.find("quiet-day").read_text().replace("length: 420", "length: 60"))
    news = list(run(str(own), Options(seed=1, record=path)))
    book = recording.load(path)
    assert book.header.scenario == "quiet-day"
    assert len(book.measurements) == result(news).measurements
    assert all(a.at <= b.at for a, b in itertools.pairwise(book.measurements))


def test_a_mechanism_that_no_lab_knows_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    text = library.find("quiet-day").read_text()
    own.write_text(text.replace("timeline: []", "timeline: [{at: 60, mechanism: tls.sni_rest}]"))
    wrong = r"mine\.yaml:\d+: timeline\[0\]\.mechanism: .*'tls.sni_rest'; did you mean tls.sni_rst"
    with pytest.raises(ConfigError, match=wrong):
        next(run(str(own), Options()))
