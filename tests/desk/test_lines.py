"""Files as lines, whatever holds them."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.load import ConfigError
from probe.desk import lines


def listed(path: Path) -> list[tuple[int, bytes]]:
    return [(line.number, line.text) for line in lines.read(path)]


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"]
)
def test_what_holds_the_lines_is_told_by_its_first_bytes(
    pack: type[bytes], tmp_path: Path
) -> None:
    file = tmp_path / "some.data"
    file.write_bytes(pack(b'{"a":1}\n\n{"b":2}'))
    assert listed(file) == [(1, b'{"a":1}\n'), (3, b'{"b":2}')]


def test_one_value_over_many_lines_is_one(tmp_path: Path) -> None:
    file = tmp_path / "pretty.json"
    file.write_bytes(b'{\n "a": 1\n}\n')
    assert listed(file) == [(1, b'{\n "a": 1\n}\n')]


def test_a_list_of_values_is_each_of_them(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_bytes(b'[{"a":1},\n{"b":2}]')
    assert [text for _, text in listed(file)] == [b'{"a":1}', b'{"b":2}']


def test_a_list_on_one_line_is_each_of_them_too(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_bytes(b'[{"a":1},{"b":2}]\n{"c":3}')
    assert listed(file) == [(1, b'{"a":1}'), (1, b'{"b":2}'), (2, b'{"c":3}')]


@pytest.mark.parametrize("text", [b'{"a":1}\n{"b":2}', b'{\n "a":1}', b'[{"a":1}]'])
def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path, text: bytes) -> None:
    plain, marked = tmp_path / "plain.jsonl", tmp_path / "marked.jsonl"
    plain.write_bytes(text)
    marked.write_bytes(b"\xef\xbb\xbf" + text)
    assert listed(marked) == listed(plain)


def test_a_first_line_that_is_broken_does_not_take_the_rest_with_it(tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_bytes(b'{"a":\n{"b":2}\n{"c":3}')
    assert [number for number, _ in listed(file)] == [1, 2, 3]


def test_a_line_too_long_is_told_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 10)
    file = tmp_path / "long.jsonl"
    file.write_bytes(b'{"a":1}\n"' + b"x" * 50 + b'"\n{"b":2}\n')
    assert [(line.number, line.whole) for line in lines.read(file)] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_a_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    whole = gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(20000)))
    file.write_bytes(whole[: len(whole) // 2])
    got: list[int] = []

    def collect() -> None:
        for line in lines.read(file):
            got.append(line.number)  # noqa: PERF401 — what came before the end counts

    with pytest.raises(lines.BrokenFileError):
        collect()
    assert got


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl: no such file"):
        lines.size(tmp_path / "nowhere.jsonl")
    with pytest.raises(ConfigError, match="is a directory"):
        lines.size(tmp_path)


def test_what_was_passed_is_the_stored_size(tmp_path: Path) -> None:
    file = tmp_path / "some.gz"
    file.write_bytes(gzip.compress(b'{"a":1}\n' * 1000))
    seen: list[int] = []
    assert len(list(lines.read(file, seen.append))) == 1000
    assert sum(seen) == lines.size(file) == file.stat().st_size


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b'{"a":1}\n'))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert lines.size(lines.STDIN) is None
    assert listed(lines.STDIN) == [(1, b'{"a":1}\n')]
    assert not stdin.buffer.closed


@given(content=st.binary(max_size=300))
def test_any_bytes_come_out_as_lines(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("any") / "bytes"
    file.write_bytes(content if not content.startswith((b"\x1f\x8b", b"\xfd7z")) else b"x")
    assert all(text for _, text in listed(file))
