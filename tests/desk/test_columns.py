"""A table fits, and no word is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.desk.columns import fitted, folded, laid, longest

TEXTS = st.text("ab_. 1", max_size=20)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("service_outage", 10, ["service_", "outage"]),
        ("tls.sni_drop", 8, ["tls.sni_", "drop"]),
        ("http.451 +8.3", 10, ["http.451", "+8.3"]),
        ("confidence", 4, ["confidence"]),
        ("insufficient", 12, ["insufficient"]),
        ("", 5, [""]),
    ],
)
def test_words_are_folded_where_they_may_be(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width).split("\n") == lines


@given(TEXTS, st.integers(1, 20))
def test_nothing_is_lost_in_folding(text: str, width: int) -> None:
    lines = folded(text, width).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(len, lines)) <= max(width, longest(text))


@given(ROWS, st.integers(1, 80))
def test_it_fits_if_it_can_and_only_what_may_go_goes(
    rows: list[tuple[str, ...]], width: int
) -> None:
    fit = fitted(rows, width, (2, 1))
    assert fit.columns in {(0, 1, 2), (0, 1), (0,)}
    lines = [line for row in rows for line in laid(row, fit)]
    if len(fit.columns) > 1 or longest_of(rows, 0) <= width:
        assert all(len(" ".join(line)) <= width for line in lines)


def longest_of(rows: list[tuple[str, ...]], column: int) -> int:
    return max(longest(row[column]) for row in rows)
