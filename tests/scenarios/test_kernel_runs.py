"""Whole runs over real packets: what must be said of each day, by both kinds of lab alike.

Each run is real agents, a real correlator and a real network stack, and takes most of a minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from probe.lab import library
from probe.lab.kernel.run import Options, run
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.result import Done, Failed, News, RunResult
from probe.lab.simulated import run as simulated
from probe.model import Cause, Scope

DAYS = ("tw-2022-12-28", "tr-2023-02-08", "ca-rogers-2022-07-08", "ng-2021-06-05", "quiet-day")
"""Played with one agent killed and another's resolver broken: harder than the day alone."""
MOST_ROUNDS = 3


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> None:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")


def played(name: str, options: Options) -> RunResult:
    with closing(run(name, options)) as news:
        return last_of(news)


def last_of(news: Iterable[News]) -> RunResult:
    last = [item for item in news if isinstance(item, (Done, Failed))][-1]
    assert isinstance(last, Done), last
    return last.result


def told(result: RunResult) -> str:
    """Say enough to understand a failed run from the test's report alone."""
    said = [(i.cause, i.state, i.scope, i.countries, i.features) for i in result.incidents]
    return f"said {said}; false {result.false_seen}; logs {result.logs}"


def gist(result: RunResult) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """What answers the truth: cause, scope, countries and features of each answer."""
    answers = {answer.incident for answer in result.answers}
    return sorted(
        (
            i.cause,
            i.scope,
            () if i.scope is Scope.GLOBAL else tuple(i.countries),
            tuple(sorted(i.features)),
        )
        for i in result.incidents
        if i.id in answers
    )


@pytest.mark.parametrize("name", DAYS)
def test_what_is_said_is_what_is_true_and_what_the_simulated_lab_says(name: str) -> None:
    result = played(name, Options(disturbed=True))
    assert result.right, told(result)
    assert not [i for i in result.false_seen if i.cause is Cause.FILTERING]
    assert result.rounds_to_right is not None
    assert result.rounds_to_right <= MOST_ROUNDS, told(result)
    assert len(result.disturbances) == 2
    alike = last_of(simulated.run(name, simulated.Options(disturbed=True)))
    assert alike.right, told(alike)
    assert gist(alike) == gist(result)


KILLED = """
  - {at: 150, until: 210, mechanism: lab.correlator_killed}
  - {at: 165, until: 225, mechanism: local.agent_killed, vantages: [us-as7922-1]}
  - {at: 180, until: 240, mechanism: local.agent_killed, vantages: [de-as3320-1]}
"""


def test_what_was_spooled_outlives_kill_9_and_counts_once(tmp_path: Path) -> None:
    """The correlator is away for a round, two agents die meanwhile; their spools come in later."""
    path = tmp_path / "killed.yaml"
    text = library.find("tw-2022-12-28").read_text()
    path.write_text(text.replace("timeline:\n", f"timeline:{KILLED}"))
    result = played(str(path), Options())
    assert result.spooled > 0
    assert result.lost == 0
    assert result.twice == 0
    assert result.right, told(result)
