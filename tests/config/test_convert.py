"""Types and keys: what msgspec says, said with a place and in plain words."""

from pathlib import Path

import msgspec
import pytest

from probe.config import convert, document
from probe.config.document import ConfigError
from probe.config.shape import Seconds


class Leaf(msgspec.Struct):
    number: int = 0
    many: tuple[float, ...] = ()


class Tree(msgspec.Struct):
    leaves: tuple[Leaf, ...] = ()
    one: Leaf | None = None
    until: Seconds | None = None


SAID = {
    "leaves: 5": "1: leaves: expected a list, got a whole number",
    "leaves:\n- number: x": "2: leaves[0].number: expected a whole number, got text",
    "leaves:\n- number: 1.5": "2: leaves[0].number: expected a whole number, got a number",
    "leaves:\n- many: [1, x]": "2: leaves[0].many[1]: expected a number, got text",
    "leaves:\n- {}\n- nmber: 1": "3: leaves[1].nmber: unknown key; did you mean `number`?",
    "one:\n  nmber: 1": "2: one.nmber: unknown key; did you mean `number`?",
    "one: x": "1: one: expected a mapping or nothing, got text",
    "until: x": "1: until: 'x' is not a duration",
    "zzz: 1": "1: zzz: unknown key; known here: leaves, one, until",
}


@pytest.mark.parametrize("text", SAID)
def test_a_misfit_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        convert.converted(path, document.parse(path), Tree)
    assert str(caught.value).startswith(f"{path}:{SAID[text]}")


def test_what_fits_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("{leaves: [{number: 1, many: [1, 2.5]}], one: ~, until: 2m}")
    tree = convert.converted(path, document.parse(path), Tree)
    assert tree == Tree(leaves=(Leaf(1, (1.0, 2.5)),), until=Seconds(120))
