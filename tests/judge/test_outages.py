"""An outage is told as wide as it is, and once."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.grouping import gather
from probe.judge.outages import GLOBAL_COUNTRIES, struck
from probe.model import Author, Cause, Evidence, Scope, Standing, Verdict
from tests.judge.test_grouping import told

COUNTRIES = ("BR", "DE", "FR", "GB", "JP", "NG", "TR", "US")
LEAK, OWN = Cause.DEPENDENCY_OUTAGE, Cause.SERVICE_OUTAGE


def failing(*causes: Cause, feature: str = "web") -> list[Verdict]:
    """One verdict of each country and of a network of it, by the cause that leads there."""
    return [
        told(network, 7, feature, country, cause)
        for number, (country, cause) in enumerate(zip(COUNTRIES, causes, strict=False))
        for network in (0, 100 + number)
    ]


@pytest.mark.parametrize("most", [1, 3, 5, 7])
def test_what_fails_in_most_countries_is_one_trouble_under_the_cause_of_most(most: int) -> None:
    cells = failing(*[LEAK] * most, *[OWN] * (8 - most))
    (group,) = gather(cells)
    assert group.cause is (LEAK if most > 4 else OWN)
    assert (group.countries, len(group.networks), group.vantages) == (COUNTRIES, 8, 8)


def test_two_features_that_fail_by_clear_causes_are_two_troubles() -> None:
    cells = [*failing(*[LEAK] * 7, OWN), *failing(*[OWN] * 8, feature="media")]
    assert {(g.cause, g.features) for g in gather(cells)} == {(LEAK, ("web",)), (OWN, ("media",))}


def test_a_feature_of_which_neither_cause_is_clear_follows_the_others() -> None:
    cells = [*failing(*[LEAK] * 4, *[OWN] * 4), *failing(*[OWN] * 8, feature="media")]
    (group,) = gather(cells)
    assert (group.cause, set(group.features)) == (OWN, {"web", "media"})


def by_network(verdict: Verdict) -> Verdict:
    """The same with what a network wrote, seen twice."""
    pieces = tuple(
        Evidence(
            rule="tls.timeout_name", standing=Standing.SCORED, measurement=name, vantage="v",
            author=Author.NETWORK,
        )
        for name in "ab"
    )  # fmt: skip
    return msgspec.structs.replace(verdict, evidence=pieces)


def test_a_country_whose_network_writes_what_is_seen_is_no_part_of_a_wide_outage() -> None:
    cells = [by_network(v) if v.country == "TR" else v for v in failing(*[OWN] * 8)]
    (group,) = gather(cells)
    assert "TR" not in group.countries
    assert not group.evidence
    (alone,) = gather([v for v in cells if v.country == "TR"])
    assert alone.countries == ("TR",)


@given(st.lists(st.sampled_from(COUNTRIES), min_size=1), st.sampled_from([OWN, LEAK]))
def test_what_few_countries_see_is_not_global(countries: list[str], cause: Cause) -> None:
    groups = gather(failing(*[cause if c in countries else Cause.OK for c in COUNTRIES]))
    for group in groups:
        assert group.scope is not Scope.GLOBAL or len(group.countries) >= GLOBAL_COUNTRIES


def test_networks_it_hits_are_counted_and_not_those_with_another_trouble() -> None:
    cells = [by_network(v) if v.country == "TR" else v for v in failing(*[LEAK] * 6, *[OWN] * 2)]
    assert [v.network for v in struck(LEAK, COUNTRIES[:3], cells)] == [*range(100, 106)]
    assert [v.network for v in struck(OWN, COUNTRIES[:3], cells)] == [100, 101, 102, 107]
    assert [v.network for v in struck(LEAK, COUNTRIES, cells)] == [*range(100, 108)]
    assert not struck(Cause.FILTERING, COUNTRIES, cells)
