"""`probe export --ooni` on files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from probe.cli import main
from probe.transport import wire
from tests.desk import small


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    file = tmp_path / "stored.jsonl"
    file.write_bytes(wire.encode(small.measurements()[:40]) + b"{broken\n")
    return file


def test_each_measurement_but_controls_is_a_line(stored: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:  # fmt: skip
    assert main(["export", "--ooni", str(stored)]) == 0
    said = capfdbinary.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert {line["test_name"] for line in lines} == {"web_connectivity"}
    assert {line["annotations"]["service"] for line in lines} == {"chirp"}
    assert b"malformed_json" in said.err


def test_a_packed_file_is_written_and_judged_again(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    out = tmp_path / "ooni.jsonl.gz"
    assert main(["export", "--ooni", str(stored), "-o", str(out)]) == 0
    assert gzip.decompress(out.read_bytes()).startswith(b'{"input"')
    assert main(["judge", str(out), "--json"]) == 0
    assert {v["leading"] for v in json.loads(capsys.readouterr().out)["verdicts"]} == {"ok"}


def test_nothing_to_write_is_a_bad_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_bytes(b"")
    assert main(["export", "--ooni", str(file)]) == 1
    assert "no measurement was written" in capsys.readouterr().err


def test_what_is_read_is_not_written_over(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored.read_bytes()
    assert main(["export", "--ooni", str(stored), "-o", str(stored)]) == 2
    assert "is read, and cannot be written at once" in capsys.readouterr().err
    assert stored.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--ooni", str(stored), "-o", "/nowhere/x"]) == 2
    assert "/nowhere/x: cannot be written" in capsys.readouterr().err


def test_a_file_that_is_not_there_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious\n")
    assert main(["export", "--ooni", str(tmp_path / "none.jsonl"), "-o", str(out)]) == 2
    assert "no such file" in capsys.readouterr().err
    assert out.read_text() == "precious\n"
