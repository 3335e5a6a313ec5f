"""Probe hosts are numbered by network, and in one order."""

from __future__ import annotations

from probe.desk.numbering import numbered
from tests.desk import small


def test_each_network_counts_from_one() -> None:
    vantages = [made.vantage for made in small.measurements()]
    found = numbered(vantages)
    assert set(found) == {vantage.id for vantage in vantages}
    assert found == numbered(reversed(vantages))
    by_network: dict[int, set[int]] = {}
    for vantage in vantages:
        by_network.setdefault(vantage.asn, set()).add(found[vantage.id])
    assert all(held == set(range(1, len(held) + 1)) for held in by_network.values())
