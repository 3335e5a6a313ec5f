"""Whatever standard output is, a command ends in a sentence: tried on processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from probe.cli import output
from probe.transport import wire
from tests.desk import small

SAYING = (
    ["--help"],
    ["judge", "--help"],
    ["--version"],
    ["lab", "list"],
    ["lab", "show", "quiet-day"],
    ["judge", "FILE"],
    ["judge", "FILE", "--json"],
    ["export", "--ooni", "-o", "-", "FILE"],
    ["up", "--check"],
)
"""Commands that are short, and say something each in its own way."""
HERE = Path(output.__file__).parents[2]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("stored") / "stored.jsonl"
    file.write_bytes(wire.encode(small.measurements()))
    return str(file)


def ran(
    command: list[str], stored: str, shell: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    words = [stored if word == "FILE" else word for word in command]
    probe = [sys.executable, "-m", "probe", *words]
    return process(["/bin/sh", "-c", f'"$@" {shell}', "sh", *probe], environment)


def process(argv: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 — our own program
        argv, capture_output=True, text=True, timeout=60, check=False, cwd=HERE,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("command", SAYING, ids=" ".join)
@pytest.mark.parametrize("shell", [">/dev/full", ">&-"])
def test_what_cannot_be_written_is_said(command: list[str], shell: str, stored: str) -> None:
    done = ran(command, stored, shell)
    assert done.stderr.splitlines()[-1].startswith("probe: standard output cannot be written: ")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == output.CANNOT


def test_what_nobody_reads_is_no_error(stored: str) -> None:
    done = ran(["lab", "list"], stored, "| true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_closed_standard_error_takes_nothing_away(stored: str) -> None:
    done = ran(["judge", "FILE"], stored, "2>&-")
    assert "restricted in Türkiye" in done.stdout
    assert done.returncode == 0


def test_a_closed_standard_input_is_told(stored: str) -> None:
    done = ran(["judge", "-"], stored, "<&-")
    assert "the file breaks off here" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_letters_that_a_locale_lacks_are_written_as_json_does(stored: str) -> None:
    told = ran(["judge", "FILE"], stored, "", PYTHONIOENCODING="ascii")
    assert "restricted in T\\u00fcrkiye" in told.stdout
    (incident,) = json.loads(ran(["judge", "FILE", "--json"], stored, "", PYTHONIOENCODING="ascii").stdout)["incidents"]  # fmt: skip
    assert "restricted in Türkiye" in incident["statement"]


def test_all_letters_survive_as_json() -> None:
    script = (
        "import sys; from probe.cli import output\n"
        "output.held(lambda: sys.stdout.write('\"…\\U0001f600\\udcff\"') and 0)"
    )
    done = process([sys.executable, "-c", script], {"PYTHONIOENCODING": "ascii"})
    assert json.loads(done.stdout) == "…\U0001f600\udcff"


def test_what_is_no_file_of_a_shell_s_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)
    assert output.held(lambda: mine.write("12") if sys.stdout is mine else 0) == 2
