from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from probe.judge.grouping import Group, gather, publishable
from probe.model import Cause, Scope, State, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import Event, World


def groups(*events: Event, at: float = 12.0) -> dict[Cause, Group]:
    return {group.cause: group for group in gather(w.verdicts_at(World(events), at))}


def test_an_outage_over_countries_is_one_group_with_its_healthy_features() -> None:
    told = groups(Event(1.0, w.server_error, features=("web",)))
    assert set(told) == {Cause.SERVICE_OUTAGE}
    group = told[Cause.SERVICE_OUTAGE]
    assert (group.scope, group.features, len(group.countries)) == (Scope.GLOBAL, ("web",), 8)
    assert set(group.healthy) == set(w.FEATURES) - {"web"}


def test_what_fails_everywhere_is_not_the_filters() -> None:
    told = groups(
        Event(1.0, w.rejection, features=("media",)), Event(1.0, w.sni_reset, countries=("TR",))
    )
    assert "media" not in told[Cause.FILTERING].features
    assert told[Cause.SERVICE_OUTAGE].features == ("media",)


def test_a_filter_on_a_minority_of_networks_is_of_networks() -> None:
    group = groups(Event(1.0, w.sni_reset, networks=(29460, 29461)), at=14.0)[Cause.FILTERING]
    assert (group.scope, group.networks, group.countries) == (
        Scope.NETWORKS,
        (29460, 29461),
        ("NG",),
    )


def test_a_filter_on_most_networks_is_of_the_country() -> None:
    group = groups(Event(1.0, w.sni_reset, networks=(29460, 29461, 29462)), at=14.0)[
        Cause.FILTERING
    ]
    assert group.scope is Scope.COUNTRIES


def test_a_refusal_beside_a_filter_is_of_the_networks_that_hear_it() -> None:
    cut = Event(1.0, w.sni_reset, countries=("NG",), networks=(29460, 29461, 29462))
    refused = Event(1.0, w.geo_block, countries=("NG",), networks=(29463, 29464))
    told = groups(cut, refused, at=26.0)
    assert set(told) == {Cause.FILTERING, Cause.GEO_BLOCK}
    assert told[Cause.FILTERING].networks == (29460, 29461, 29462)
    group = told[Cause.GEO_BLOCK]
    assert (group.scope, group.networks) == (Scope.NETWORKS, (29463, 29464))
    assert {piece.rule for piece in group.evidence} == {"http.451"}
    both = groups(cut, refused, Event(1.0, w.geo_block, countries=("TR",)), at=26.0)
    assert both[Cause.GEO_BLOCK].scope is Scope.COUNTRIES
    assert both[Cause.GEO_BLOCK].countries == ("NG", "TR")


def test_every_vantage_that_saw_it_is_counted_and_no_other() -> None:
    """An outage has all of its countries' failing vantages, a filter those of its networks."""
    outage = groups(Event(1.0, w.server_error, features=("web",)))[Cause.SERVICE_OUTAGE]
    assert outage.vantages == len(w.ROSTER)
    filtered = groups(Event(1.0, w.sni_reset, networks=(47330, 47331)), at=14.0)[Cause.FILTERING]
    assert (filtered.networks, filtered.vantages) == ((47330, 47331), 3)


def test_the_order_of_verdicts_does_not_matter() -> None:
    verdicts = list(w.verdicts_at(World((Event(1.0, w.sni_reset, countries=("TR",)),)), 12.0))
    ordered = [(g.cause, g.features, g.networks, g.evidence) for g in gather(verdicts)]
    random.Random(7).shuffle(verdicts)  # noqa: S311 — a shuffle, not a secret
    assert [(g.cause, g.features, g.networks, g.evidence) for g in gather(verdicts)] == ordered


def test_a_vantages_own_fault_is_not_for_the_public() -> None:
    assert not publishable(Cause.LOCAL_FAULT)
    assert not publishable(Cause.OK)
    assert publishable(Cause.GEO_BLOCK)
    assert publishable(Cause.NETWORK_DISRUPTION)


def told(
    network: int,
    since: float,
    feature: str = "web",
    country: str = "NG",
    cause: Cause = Cause.SERVICE_OUTAGE,
) -> Verdict:
    return Verdict(
        service="chirp", feature=feature, country=country, network=network, at=w.START,
        leading=cause, state=State.CONFIRMED, confidence=0.99, vantages=1,
        support={cause: 0.99}, since=w.START + timedelta(seconds=since),
        seen=w.START + timedelta(seconds=since + network),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("networks", "begun"),
    [
        ([(1, 7)], 7),
        ([(1, 7), (2, 180)], 180),
        ([(1, 7), *((n, 180 + n) for n in range(2, 11))], 182),
        ([(1, 7), (2, 120), *((n, 180 + n) for n in range(3, 19))], 183),
    ],
)
def test_a_trouble_of_their_own_that_few_had_before_is_not_its_beginning(
    networks: list[tuple[int, float]], begun: float
) -> None:
    """The country as a whole began with the first of its networks, and does not tell of the rest."""
    whole = told(0, min(since for _, since in networks))
    (group,) = gather([whole, *(told(asn, since) for asn, since in networks)])
    assert group.since == w.START + timedelta(seconds=begun)


def test_it_began_with_the_first_feature_that_several_see() -> None:
    cells = [
        told(1, 7, "media"),
        told(1, 100),
        told(2, 110),
        told(1, 50, "api"),
        told(2, 60, "api"),
    ]
    whole = [told(0, 7, feature) for feature in ("media", "web", "api")]
    (group,) = gather([*cells, *whole])
    assert group.since == w.START + timedelta(seconds=60)


def test_the_newest_look_of_all_shows_it() -> None:
    (group,) = gather([told(0, 7), told(1, 7), told(0, 9, country="TR"), told(2, 9, country="TR")])
    assert group.seen == w.START + timedelta(seconds=9)


def test_vantages_are_those_of_all_features() -> None:
    """Each feature is seen to fail on networks of its own: nobody looks at all at one time."""
    cells = [told(0, 7, feature, "TR") for feature in ("web", "media")]
    seen = [told(asn, 7, feature, "TR") for asn, feature in enumerate(("web", "media", "web"), 1)]
    (group,) = gather([*cells, *seen])
    assert (group.networks, group.vantages) == ((1, 2, 3), 3)


def test_networks_that_nobody_can_tell_of_do_not_make_a_filter_the_countrys() -> None:
    hit = [told(asn, 7, cause=Cause.FILTERING) for asn in (1, 2)]
    dark = [told(asn, 7, cause=Cause.LOCAL_FAULT) for asn in (3, 4)]
    blind = [
        msgspec.structs.replace(v, state=State.INSUFFICIENT, vantages=0, seen=None) for v in dark
    ]
    for verdicts, scope in ((hit, Scope.COUNTRIES), ([*hit, *blind], Scope.NETWORKS)):
        (group,) = gather(verdicts)
        assert group.scope is scope


def beside_an_outage(*cells: tuple[Cause, State]) -> tuple[str, ...]:
    """Features told to be well, of one that so many countries see, where another fails in them."""
    countries = ("BR", "DE", "FR", "GB", "JP")
    media = [
        msgspec.structs.replace(told(0, 7, "media", country, cause), state=state)
        for country, (cause, state) in zip(countries, cells, strict=False)
    ]
    (group,) = gather([*media, *(told(0, 7, country=country) for country in countries)])
    return group.healthy


WELL = (Cause.OK, State.CONFIRMED)
DAZED = (Cause.LOCAL_FAULT, State.INSUFFICIENT)


@pytest.mark.parametrize(
    ("cells", "healthy"),
    [
        ([WELL] * 5, ("media",)),
        ([DAZED, *[WELL] * 4], ("media",)),
        ([DAZED, DAZED, *[WELL] * 3], ()),
        ([(Cause.FILTERING, State.INSUFFICIENT), *[WELL] * 4], ()),
        ([DAZED], ()),
    ],
)
def test_a_probe_that_is_unwell_itself_takes_nothing_from_what_is_not_affected(
    cells: list[tuple[Cause, State]], healthy: tuple[str, ...]
) -> None:
    assert beside_an_outage(*cells) == healthy
