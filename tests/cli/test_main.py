"""The command line's frame: help, exit codes, one sentence for a bad file."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe import __version__
from probe.cli import COMMANDS, main, parser


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: probe")


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"probe {__version__}\n"


@pytest.mark.parametrize("command", ["agent", "correlator", "up"])
def test_a_missing_file_is_one_sentence_and_exit_2(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere.yaml"
    assert main([command, str(missing)]) == 2
    error = capsys.readouterr().err
    assert str(missing) in error
    assert "Traceback" not in error


def test_the_commands_are_those_of_the_table() -> None:
    assert all(name in parser().format_help() for name in COMMANDS)
