"""YAML as written by people: YAML 1.2's plain scalars, and the line of everything."""

from pathlib import Path

import pytest

from probe.config import document

PLAIN = {
    "NO": "NO",
    "yes": "yes",
    "on": "on",
    "true": True,
    "False": False,
    "~": None,
    "": None,
    "null": None,
    "12": 12,
    "-3": -3,
    "1.5": 1.5,
    "1e3": 1000.0,
    ".5": 0.5,
    "0x10": "0x10",
    "12:30:45": "12:30:45",
    "2022-12-28": "2022-12-28",
    "1_000": "1_000",
    "'5'": "5",
    '"true"': "true",
    "!!str 5": "5",
}


def parsed(tmp_path: Path, text: str) -> document.Node:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return document.parse(path)


@pytest.mark.parametrize("written", PLAIN)
def test_a_plain_scalar(tmp_path: Path, written: str) -> None:
    assert document.plain(parsed(tmp_path, f"a: {written}\n")) == {"a": PLAIN[written]}


def test_lines_are_remembered_also_through_aliases(tmp_path: Path) -> None:
    root = parsed(tmp_path, "a: &x\n  - 1\n  - b: 2\nc: *x\n")
    assert document.line(root, ("a", 1, "b")) == 3
    assert document.line(root, ("c",)) == 4
    assert document.line(root, ("c", 0)) == 2


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it(tmp_path: Path) -> None:
    root = parsed(tmp_path, "\na:\n  b:\n    - 1\n")
    assert document.line(root, ()) == 2
    assert document.line(root, ("a", "z", "y")) == 2
    assert document.line(root, ("a", "b", 7)) == 3
    assert document.line(root, ("a", "b", 0, "deep")) == 4


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert document.plain(parsed(tmp_path, "\ufeffa: 1\n")) == {"a": 1}
