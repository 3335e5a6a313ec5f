from __future__ import annotations

import msgspec
import pytest

from probe.judge.slim import slim


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    note: str = "none"


def test_what_is_not_held_is_read_by_the_same_name() -> None:
    kind = slim(Whole, ("name",), {"size": 3})
    one = kind(name="a")
    assert (one.name, one.size, one.note) == ("a", 3, "none")
    assert one.__struct_fields__ == ("name",)


def test_what_has_no_default_has_to_be_told() -> None:
    with pytest.raises(TypeError, match="size"):
        slim(Whole, ("name",), {})
