"""`probe lab score` and `probe lab quiet`: what they print and write, and what their exits say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from probe.cli import main
from probe.lab import library
from probe.lab.score import simulated
from probe.lab.score.batch import Lot
from probe.lab.score.fleet import Tick
from probe.lab.score.outcome import Played
from probe.lab.score.playing import Task, score
from probe.lab.score.quiet import Shard, Watched, follow
from probe.model import Incident, State
from tests.lab.score.made import FILTERED, OUT, Moment, but, moments, verdict

CONFIRMED = but(FILTERED, state=State.CONFIRMED)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Incident]:
    """Make every play say this, from its first minute to its last."""
    incidents: list[Incident] = []

    def play(lot: Lot, tick: Tick) -> tuple[Played, ...]:
        tick(len(lot.seeds))
        return tuple(
            score(
                Task(scenario=lot.scenario, seed=seed, at=lot.at),
                moments({0: tuple(incidents)}, (verdict("web", "TR"),)),
            )
            for seed in lot.seeds
        )

    def watch(shard: Shard, tick: Tick) -> Watched:
        here = (verdict("web", "TR"),)
        held = [
            Moment(at=60.0 * n, heard=1, verdicts=here, incidents=tuple(incidents))
            for n in range(3)
        ]
        return follow(shard.scenario, held, tick)

    monkeypatch.setattr(simulated, "play", play)
    monkeypatch.setattr(simulated, "watch", watch)
    return incidents


SCORE = ["lab", "score", "--seeds", "2", "--jobs", "1", "quiet-day"]
QUIET = ["lab", "quiet", "--days", "0.002", "--services", "1", "--jobs", "1"]


@pytest.mark.usefixtures("said")
def test_a_good_score_is_printed_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SCORE) == 0
    out = capsys.readouterr().out
    assert "quiet-day" in out
    assert "2/2" in out


def test_a_bad_score_exits_1(said: list[Incident], capsys: pytest.CaptureFixture[str]) -> None:
    said.append(CONFIRMED)
    assert main(SCORE) == 1
    assert "falsely confirmed as filtering" in capsys.readouterr().out


@pytest.mark.usefixtures("said")
def test_json_has_a_row_for_each_seed_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCORE, "--json", "--at", "300,60"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert [(row["seed"], row["at"]) for row in found["scenarios"]] == [
        (0, 60), (0, 300), (1, 60), (1, 300),
    ]  # fmt: skip
    assert set(found["summary"]) == {"60", "300"}
    assert found["ece_pooled"] is None


@pytest.mark.usefixtures("said")
def test_a_quiet_time_can_be_pooled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCORE, "--json", "--with-quiet", "0.1"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["ece_pooled"] >= 0


@pytest.mark.usefixtures("said")
def test_files_and_pictures_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCORE, "--json", "--out", str(tmp_path / "new")]) == 0
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {"score.json", "reliability.svg", "confusion.svg"}
    assert (tmp_path / "new" / "score.json").read_text() == capsys.readouterr().out
    assert main([*QUIET, "--out", str(tmp_path / "calm")]) == 0
    assert {p.name for p in (tmp_path / "calm").iterdir()} == {"quiet.json", "reliability.svg"}


@pytest.mark.usefixtures("said")
def test_a_folder_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([*SCORE, "--out", str(tmp_path / "file" / "below")]) == 2
    assert "name another by --out" in capsys.readouterr().err


@pytest.mark.usefixtures("said")
def test_a_bad_file_is_refused_alone_and_the_rest_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    assert main([*SCORE, str(tmp_path / "bad.yaml"), "--json"]) == 2
    told = capsys.readouterr()
    assert "bad.yaml" in told.err
    assert "1 of 2 refused" in told.err
    found = msgspec.json.decode(told.out)
    assert len(found["scenarios"]) == 6
    assert len(found["refused"]) == 1


def test_nothing_to_score_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "score", "nothing-such"]) == 2
    assert "no such scenario" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["score", "--at", "60,soon"],
        ["score", "--at", ""],
        ["score", "--seeds", "0"],
        ["score", "--jobs", "-1"],
        ["score", "--with-quiet", "nan"],
        ["quiet", "--days", "0"],
        ["quiet", "--days", "367"],
        ["quiet", "--countries", "300"],
    ],
)
def test_numbers_that_cannot_be_are_usage_errors(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lab", *wrong])
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("held", "status"),
    [((), 0), ((OUT,), 0), ((OUT, but(OUT, id="i9")), 1), ((CONFIRMED,), 1)],
)
def test_a_quiet_time_exits_by_what_was_confirmed(
    held: tuple[Incident, ...],
    status: int,
    said: list[Incident],
    capsys: pytest.CaptureFixture[str],
) -> None:
    said.extend(held)
    assert main(QUIET) == status
    assert f"{len(held)} confirmed" in capsys.readouterr().out


@pytest.mark.usefixtures("said")
def test_a_quiet_time_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUIET, "--json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert (found["series"], found["rounds"], found["confirmed"]) == (50, 3, 0)


def test_help_names_the_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lab", "score", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "98 %" in told
    assert "92 %" in told


def test_two_scenarios_are_really_played(capsys: pytest.CaptureFixture[str]) -> None:
    """The shortest way through everything: simulated packets, the judge, other processes."""
    names = ["quiet-day", "tw-2023-02-08-limit"]
    assert set(names) <= set(library.names())
    main(["lab", "score", *names, "--seeds", "2", "--jobs", "2", "--json"])
    found = msgspec.json.decode(capsys.readouterr().out)
    assert found["summary"]["900"]["n"] == 4
    assert found["summary"]["900"]["false_filtering"] == 0
    assert found["cells"] > 100
