"""`probe lab`: what it lists and shows, and how its exit says whether the answer was right."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from probe.cli import main
from probe.config import unit
from probe.lab import library
from probe.lab.kernel import run as kernel
from probe.lab.kernel.run import Options
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.result import Done, Failed, News, RunResult
from tests.lab.kernel.probed import until


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "list"]) == 0
    listed = [text.split()[0] for text in capsys.readouterr().out.splitlines()]
    assert listed == list(library.names())


def test_a_scenario_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "show", "quiet-day"]) == 0
    assert "Nothing happens" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["show", "score"])
def test_a_mechanism_that_no_lab_knows_is_refused_with_the_nearest(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "mine.yaml"
    text = library.find("quiet-day").read_text()
    own.write_text(text.replace("timeline: []", "timeline: [{at: 60, mechanism: tls.sni_dorp}]"))
    assert main(["lab", command, str(own)]) == 2
    assert "'tls.sni_dorp'; did you mean tls.sni_drop or " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "run"])
def test_an_unknown_scenario_is_a_usage_error(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", command, "nothing-such"]) == 2
    assert "no such scenario" in capsys.readouterr().err


def playing(last: News, seen: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_name: str, options: Options) -> Generator[News, None, None]:
        seen.append(options)
        yield last

    monkeypatch.setattr(kernel, "run", run)


RIGHT = RunResult(scenario="quiet-day", on="kernel", right=True, seconds_to_right=0)


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (Done(result=RIGHT), 0),
        (Done(result=msgspec.structs.replace(RIGHT, right=False, logs="/there")), 1),
        (Failed(reason="no namespaces"), 1),
    ],
)
def test_the_exit_says_whether_it_was_right(
    last: News, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(last, [], monkeypatch)
    assert main(["lab", "run", "quiet-day"]) == status
    capsys.readouterr()


def test_json_is_the_whole_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Options] = []
    playing(Done(result=RIGHT), seen, monkeypatch)
    argv = ["lab", "run", "quiet-day", "--on", "kernel", "--json", "--disturbed", "--full"]
    argv += ["--targets", "lab.json", "--settings", "settings.yaml"]
    assert main(argv) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["right"] is True
    assert (seen[0].disturbed, seen[0].full) == (True, True)
    assert (seen[0].targets, seen[0].settings) == (Path("lab.json"), Path("settings.yaml"))


def test_virtual_time_gives_the_same_outcome_without_waiting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["lab", "run", "quiet-day", "--on", "simulated", "--json", "--seed", "2"]
    assert main(argv) == 0
    told = capsys.readouterr()
    outcome = msgspec.json.decode(told.out, type=RunResult, dec_hook=unit.hook)
    assert (outcome.on, outcome.right, outcome.seconds_to_right) == ("simulated", True, 0)
    assert outcome.measurements > 1000
    assert outcome.verdicts


@pytest.mark.parametrize(
    ("on", "more", "named"),
    [
        ("kernel", ["--seed", "3"], "--seed goes with --on simulated"),
        ("simulated", ["--targets", "x"], "--targets goes with --on kernel"),
        ("simulated", ["--keep-logs", "x"], "--keep-logs goes with --on kernel"),
    ],
)
def test_an_option_of_the_other_kind_is_refused(
    on: str, more: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "run", "quiet-day", "--on", on, *more]) == 2
    assert named in capsys.readouterr().err


def test_what_only_the_simulated_lab_knows_is_refused_on_packets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lab", "run", "syn-faulty-build"]) == 2
    told = capsys.readouterr().err
    assert "timeline[0].mechanism: the kernel lab cannot play 'local.tls_broken'" in told
    assert "--on simulated" in told


def test_a_failure_names_reason_and_logs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(Failed(reason="an agent ended by itself", logs="/there"), [], monkeypatch)
    main(["lab", "run", "quiet-day"])
    assert "an agent ended by itself; logs: /there" in capsys.readouterr().err


def any_of(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def heeding() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so do these tests then."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_takes_everything_down_and_leaves_no_files(tmp_path: Path) -> None:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    with subprocess.Popen(
        [sys.executable, "-m", "probe", "lab", "run", "quiet-day"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
        preexec_fn=heeding,  # noqa: PLW1509 — no thread of ours holds a lock
    ) as process:
        for text in process.stderr or ():
            if re.search(rb"starting \d+ agents", text):
                break
        os.killpg(process.pid, signal.SIGINT)
        last = (process.stderr or io.BytesIO()).read()
        assert process.wait(30) == 130, last
    assert b"Traceback" not in last
    assert list(tmp_path.iterdir()) == []
    until(lambda: not any_of(process.pid))  # whoever was adopted is reaped a moment later
