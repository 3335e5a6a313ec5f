"""Values over many lines come out one by one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from probe.desk.values import BEGINNING, values

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
OBJECTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=8),
    max_size=4,
)  # fmt: skip


def listed(text: str) -> list[tuple[int, bytes, bool]]:
    return list(values(text.encode().splitlines(keepends=True), 1 << 20))


@given(st.lists(OBJECTS, max_size=4), st.sampled_from([None, 0, 2]))
def test_a_lists_items_are_what_they_were(held: list[object], indent: int | None) -> None:
    found = listed(json.dumps(held, indent=indent))
    assert [json.loads(text) for _, text, _ in found] == held


@given(st.lists(OBJECTS, max_size=4))
def test_values_one_after_another_are_what_they_were(held: list[object]) -> None:
    found = listed("\n".join(json.dumps(one, indent=1) for one in held))
    assert [json.loads(text) for _, text, _ in found] == held


@given(st.binary(max_size=200))
def test_any_bytes_come_out_and_nothing_raises(content: bytes) -> None:
    found = list(values(content.splitlines(keepends=True), 50))
    assert all(text for _, text, _ in found)
    assert all(len(text) <= max(50, BEGINNING) for _, text, _ in found)


def test_an_object_without_its_end_does_not_take_the_next_with_it() -> None:
    found = listed('{\n"a": 1,\n{\n"b": 2\n}\n')
    assert [(number, text) for number, text, _ in found] == [
        (1, b'{\n"a":1,'),
        (3, b'{\n"b":2\n}'),
    ]


def test_what_is_too_long_is_told_by_its_beginning_and_the_next_is_read() -> None:
    long = json.dumps({"a": ["x"] * 100}, indent=1)
    found = list(values(f'{long}\n{{"b": 2}}'.encode().splitlines(keepends=True), 64))
    assert [whole for *_, whole in found] == [False, True]
    assert found[1][1] == b'{"b":2}'
