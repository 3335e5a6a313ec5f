"""Where one network is all that a country has."""

from __future__ import annotations

import pytest

from probe.judge.hypothesis.monopoly import SOLE, dominant


@pytest.mark.parametrize(
    ("country", "networks", "alone"),
    [
        ("TM", {20661}, True),
        ("CU", {11960, 27725}, True),
        ("TM", {20661, 64500}, False),
        ("FR", {3215}, False),
        ("FR", {20661}, False),
        ("TM", set(), False),
    ],
)
def test_only_a_known_monopoly_is_one(country: str, networks: set[int], alone: bool) -> None:  # noqa: FBT001 — a column of the table
    assert dominant(country, networks) is alone


def test_the_table_is_of_countries_and_as_numbers() -> None:
    assert all(len(code) == 2 and code.isupper() for code in SOLE)
    assert all(0 < asn < 2**32 for asns in SOLE.values() for asn in asns)
