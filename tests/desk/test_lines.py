"""Files as lines, whatever holds them."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.load import ConfigError
from probe.desk import lines

PACKED = (b"\x1f\x8b", b"\xfd7z", b"BZh", b"PK", b"\x28\xb5")


def listed(path: Path) -> list[tuple[int, bytes]]:
    return [(line.number, line.text) for line in lines.read(path)]


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, lzma.compress, bz2.compress],
    ids=["plain", "gzip", "xz", "bzip2"],
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


def test_values_that_follow_one_another_over_lines_are_each_one(tmp_path: Path) -> None:
    file = tmp_path / "pretty.json"
    file.write_bytes(b'{\n "a": 1\n}\n{\n "b": [2,\n 3]\n}\n')
    assert listed(file) == [(1, b'{\n"a":1\n}'), (4, b'{\n"b":[2,\n3]\n}')]


def test_a_bad_item_of_a_list_over_lines_is_alone(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_bytes(b'[\n{"a":1},\n{"b":},\n{"c":3}\n]\n')
    assert listed(file) == [(2, b'{"a":1}'), (3, b'{"b":}'), (4, b'{"c":3}')]


def test_a_list_larger_than_what_is_read_at_once_is_each_of_its_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 64)
    file = tmp_path / "list.json"
    file.write_bytes(b"[\n" + b",\n".join(b'{\n "n": %d\n}' % n for n in range(99)) + b"\n]\n")
    assert [text for _, text in listed(file)] == [b'{\n"n":%d\n}' % n for n in range(99)]


def test_a_list_over_lines_that_breaks_off_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_bytes(b'[\n {\n  "a": 1\n },\n {\n  "b": 2,\n  "c": "and')
    assert [number for number, _ in listed(file)] == [2, 5]


def test_a_zip_archive_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "some.zip"
    file.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ConfigError, match=r"some\.zip: is a zip archive; unpack it"):
        listed(file)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_utf_16_is_refused_in_a_sentence(
    tmp_path: Path, coding: str, packed: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "wide.jsonl"
    file.write_bytes(packed('{"a":1}\n'.encode(coding)))
    with pytest.raises(
        ConfigError, match=r"wide\.jsonl: is in UTF-16 or its like; save it in UTF-8"
    ):
        listed(file)


def test_what_was_packed_again_is_unpacked_again_but_not_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "twice.jsonl.gz"
    file.write_bytes(gzip.compress(bz2.compress(lzma.compress(b'{"a":1}\n'))))
    assert listed(file) == [(1, b'{"a":1}\n')]
    file.write_bytes(gzip.compress(file.read_bytes()))
    with pytest.raises(ConfigError, match="compressed 4 times over or more"):
        listed(file)


def test_what_was_packed_again_and_is_broken_is_told_as_broken(tmp_path: Path) -> None:
    file = tmp_path / "broken.gz"
    file.write_bytes(gzip.compress(gzip.compress(b'{"a":1}\n')[:12]))
    with pytest.raises(lines.BrokenFileError):
        listed(file)


def readers() -> list[str]:
    return [name for name in lines.ZSTD_READERS if _there(name)]


def _there(name: str) -> bool:
    return bool(
        importlib.util.find_spec(name.partition(".")[0]) and importlib.util.find_spec(name)
    )


def test_zstd_is_refused_in_a_sentence_where_nothing_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "ZSTD_READERS", ("no_such.zstd",))
    file = tmp_path / "some.zst"
    file.write_bytes(b"\x28\xb5\x2f\xfd and more")
    with pytest.raises(ConfigError, match=r"some\.zst: is compressed by zstd, which Python 3\.14"):
        listed(file)


@pytest.mark.skipif(not readers(), reason="neither Python 3.14 nor backports.zstd reads zstd here")
def test_zstd_is_read_where_something_reads_it(tmp_path: Path) -> None:
    zstd = importlib.import_module(readers()[0])
    file = tmp_path / "some.zst"
    whole = zstd.compress(b"".join(b'{"n":%d}\n' % n for n in range(20000)))
    file.write_bytes(whole)
    assert len(listed(file)) == 20000
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(lines.BrokenFileError):
        listed(file)


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
    file.write_bytes(content if not content.startswith(PACKED + lines.WIDE) else b"x")
    assert all(text for _, text in listed(file))
