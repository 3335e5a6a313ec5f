"""Made worlds and what must be said of them, and what holds in any world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from probe.judge.grouping import publishable
from probe.judge.hypothesis import judge
from probe.judge.rules import VERSION
from probe.model import CONTROL, STRENGTH, Cause, Incident, Scope, State, Vantage, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

ONSET = 1.0
LIMIT = ONSET + 3 * w.ROUND
TWO = ("web", "notifications")
ALL = w.FEATURES
L, S, C = State.LIKELY, State.SUSPECTED, State.CONFIRMED
TROUBLE = (
    Event(-20.0, w.no_resolver, vantages=("us-7920-1",), controls=True),
    Event(-1.0, w.ok, vantages=("de-3320-0",), controls=True, sending=False),
)
"""One agent without a resolver, one killed: on top of every world."""


@dataclass(frozen=True)
class Truth:
    cause: Cause
    least: State
    scope: Scope
    countries: tuple[str, ...] = ()
    features: tuple[str, ...] = ALL
    service: str = "chirp"
    mechanism: str = ""


def outage(*features: str, least: State = C) -> Truth:
    return Truth(Cause.SERVICE_OUTAGE, least, Scope.GLOBAL, (), features)


def filtered(
    mechanism: str, *countries: str, least: State = L, features: tuple[str, ...] = ALL
) -> Truth:
    return Truth(Cause.FILTERING, least, Scope.COUNTRIES, countries, features, "chirp", mechanism)


def either(mechanism: str, *countries: str) -> Truth:
    """The service's refusal or a filter: one silence, and no more than suspected."""
    return Truth(
        Cause.GEO_BLOCK, State.SUSPECTED, Scope.COUNTRIES, countries, ALL, "chirp", mechanism
    )


def lost(least: State, scope: Scope, country: str) -> Truth:
    return Truth(Cause.NETWORK_DISRUPTION, least, scope, (country,), (), "")


def on(
    maker: w.Maker, *countries: str, features: tuple[str, ...] = ALL, asns: tuple[int, ...] = ()
) -> Event:
    return Event(ONSET, maker, features=features, countries=countries, networks=asns)


def gone(*countries: str, asns: tuple[int, ...] = ()) -> Event:
    return Event(
        ONSET, w.unplugged, countries=countries, networks=asns, controls=True, sending=False
    )


REST = ("web", "api", "media", "login", "links")
WORLDS: dict[str, tuple[tuple[Event, ...], tuple[Truth, ...]]] = {
    "quiet": ((), ()),
    "errors of two features everywhere": ((on(w.server_error, features=TWO),), (outage(*TWO),)),
    "an application error with status 200": ((on(w.app_error, features=("api",)),), (outage("api"),)),
    "requests read and never answered": (
        (on(w.silence, features=TWO),), (outage(*TWO, least=L),)),
    "names gone everywhere": ((on(w.nxdomain_everywhere),), (outage(*ALL, least=L),)),
    "addresses dead everywhere": ((on(w.null_route),), (outage(*ALL, least=L),)),
    "an expired certificate": ((on(w.expired),), (outage(*ALL),)),
    "a filter and a rejection on the same day": (
        (on(w.rejection, features=("notifications",)), on(w.sni_reset, "TR", features=REST)),
        (outage("notifications"), filtered("tls.sni_rst", "TR", features=REST))),
    "a filter over a rejection": (
        (on(w.rejection, features=("notifications",)), on(w.sni_reset, "TR")),
        (outage("notifications"), filtered("tls.sni_rst", "TR", features=REST))),
    "sni reset": ((on(w.sni_reset, "TR"),), (filtered("tls.sni_rst", "TR"),)),
    "sni drop": ((on(w.sni_drop, "IN"),), (filtered("tls.sni_drop", "IN"),)),
    "sni drop on mobile networks": (
        (on(w.sni_drop, asns=(29460, 29461, 29462, 29463)),), (filtered("tls.sni_drop", "NG"),)),
    "nxdomain": ((on(w.nxdomain, "TR"),), (filtered("dns.nxdomain", "TR"),)),
    "one name denied by every resolver": (
        (on(w.nxdomain_everywhere, "TR", features=("media",)),),
        (filtered("dns.nxdomain", "TR", features=("media",)),)),
    "one name denied everywhere": (
        (on(w.nxdomain_everywhere, features=("media",)),), (outage("media", least=L),)),
    "forged answers": ((on(w.forged, "TR"),), (filtered("dns.injection.blockpage_ip", "TR"),)),
    "bogons": ((on(w.bogon, "TR"),), (filtered("dns.injection.bogon", "TR"),)),
    "silent resolvers": ((on(w.dns_timeout, "TR"),), (filtered("dns.timeout", "TR"),)),
    "null route": ((on(w.null_route, "TR"),), (either("server.geoblock_low_layer", "TR"),)),
    "tcp reset": ((on(w.tcp_reset, "TR"),), (either("server.geoblock_low_layer", "TR"),)),
    "an unknown page over plain http": ((on(w.odd_page, "TR"),), (filtered("http.blockpage_200", "TR"),)),
    "block page": ((on(w.block_page, "TR"),), (filtered("http.blockpage_200", "TR"),)),
    "false certificate": ((on(w.mitm, "TR"),), (filtered("tls.mitm_cert", "TR"),)),
    "geo-block in two countries": (
        (on(w.geo_block, "TR", "IN"),), (Truth(Cause.GEO_BLOCK, L, Scope.COUNTRIES, ("IN", "TR")),)),
    "added delay": (
        (on(w.delayed, "TR"),), (Truth(Cause.THROTTLING, L, Scope.COUNTRIES, ("TR",)),)),
    "a country slow as a whole": ((Event(ONSET, w.delayed, countries=("TR",), controls=True),), ()),
    "a country's way abroad slow": ((Event(ONSET, w.delayed_abroad, countries=("TR",), controls=True),), ()),
    "an operator silent": ((gone(asns=(810,)),), (lost(S, Scope.NETWORKS, "CA"),)),
    "a country silent": ((gone("CA"),), (lost(S, Scope.COUNTRIES, "CA"),)),
    "a country cut, domestic controls alive": (
        (Event(ONSET, w.cut_off, countries=("TR",), controls=True),), (lost(L, Scope.COUNTRIES, "TR"),)),
    "most of our vantages silent": ((gone("TR", "US", "BR", "NG", "IN", "JP"),), ()),
}  # fmt: skip


def public(incidents: tuple[Incident, ...]) -> list[Incident]:
    return [i for i in incidents if publishable(i.cause)]


def answers(incident: Incident, truth: Truth) -> bool:
    return (
        (incident.cause, incident.scope, incident.service)
        == (truth.cause, truth.scope, truth.service)
        and set(incident.features) == set(truth.features)
        and (not truth.countries or incident.countries == truth.countries)
        and STRENGTH[incident.state] >= STRENGTH[truth.least]
        and (not truth.mechanism or truth.mechanism in incident.mechanisms)
    )


def partly(incident: Incident, truth: Truth) -> bool:
    return (
        incident.cause is truth.cause
        and set(incident.countries) <= set(truth.countries or incident.countries)
        and set(incident.features) <= set(truth.features)
    )


@pytest.mark.parametrize("trouble", [(), TROUBLE], ids=["well", "one broken, one killed"])
@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_told_rightly_within_three_rounds(
    name: str, trouble: tuple[Event, ...]
) -> None:
    events, truths = WORLDS[name]
    world = World((*events, *trouble), services=(w.service("chirp"), w.service("other", ("web",))))
    moments = w.play(world, LIMIT, every=w.ROUND, since=ONSET)
    for moment in moments:
        assert all(any(partly(i, t) for t in truths) for i in public(moment.incidents)), moment.at
    told = public(moments[-1].incidents)
    assert len(told) == len(truths), told
    assert all(any(answers(i, t) for i in told) for t in truths), told


def test_a_single_agent_broken_is_its_own_fault_and_nobody_elses() -> None:
    moments = w.play(
        World((Event(-20.0, w.no_resolver, vantages=("us-7920-1",), controls=True),)), 16, 8
    )
    (incident,) = moments[-1].incidents
    assert (incident.cause, incident.scope, incident.service) == (
        Cause.LOCAL_FAULT,
        Scope.VANTAGE,
        "",
    )


def test_a_killed_agent_alone_opens_nothing() -> None:
    event = Event(-1.0, w.ok, vantages=("de-3320-0",), controls=True, sending=False)
    assert w.play(World((event,)), 16, 8)[-1].incidents == ()


def test_late_measurements_turn_silence_into_a_measured_cut() -> None:
    cut = Event(1.0, w.cut_off, until=22.0, countries=("IN",), controls=True, sending=False)
    states = {
        m.at: [i.state for i in m.incidents]
        for m in w.play(World((cut,)), 23, every=5.55, since=17.0)
    }
    assert states[17.0] == [State.SUSPECTED]
    assert states[22.55] == [State.CONFIRMED]


@pytest.mark.parametrize("seed", [0, 1])
def test_bursty_noise_opens_no_incident(seed: int) -> None:
    moments = w.play(World(noise=0.05, seed=seed), 40, every=5.0)
    assert [i for m in moments for i in public(m.incidents)] == []


@pytest.mark.parametrize(
    "maker", [w.silence, w.null_route, w.tcp_reset, w.sni_reset, w.nxdomain_everywhere]
)
def test_an_outage_seen_first_in_one_country_is_never_called_filtering_there(
    maker: w.Maker,
) -> None:
    """At an onset good answers from elsewhere are from before the failure: they are no control."""
    world = World((on(maker),))
    early = [
        m
        for m in w.arrivals(world, 12.0)
        if m[1].vantage.country == "TR" or m[1].at < w.START + timedelta(seconds=ONSET)
    ]
    known = [m for sent, m in early if sent <= 12.0]
    frame = msgspec.structs.replace(
        w.view(world, 12.0, known),
        heard={v.id: w.START + timedelta(seconds=11) for v in world.roster},
    )
    told = [v for v in judge(known, frame) if v.leading is Cause.FILTERING]
    assert all(STRENGTH[v.state] == 0 for v in told)


# ── what holds in any world ──────────────────────────────────────────────────────────────────

MAKERS = (
    w.ok, w.ok, w.server_error, w.app_error, w.rejection, w.geo_block, w.silence, w.expired, w.mitm,
    w.sni_reset, w.sni_drop, w.tcp_reset, w.null_route, w.nxdomain, w.dns_timeout, w.forged, w.bogon,
    w.block_page, w.delayed,
)  # fmt: skip
SMALL = w.networks(
    ("TR", 100, (2, 1)), ("DE", 200, (1, 1)), ("US", 300, (1, 1)), ("JP", 400, (1, 1))
)
SERVICES = (w.service("chirp", ("web", "api")),)


@st.composite
def small_worlds(draw: st.DrawFn) -> World:
    events = draw(
        st.lists(
            st.builds(
                Event, at=st.sampled_from([-12.0, -3.0, 1.0]), maker=st.sampled_from(MAKERS),
                features=st.sampled_from([("web",), ("web", "api")]),
                countries=st.sampled_from([(), ("TR",), ("DE", "US")]),
                networks=st.sampled_from([(), (), (100,)]),
                controls=st.booleans(),
            ),
            max_size=3,
        )
    )  # fmt: skip
    return World(tuple(events), roster=SMALL, services=SERVICES, seed=draw(st.integers(0, 3)))


@given(small_worlds(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_and_duplicates_change_nothing(world: World, dice: object) -> None:
    known = w.known_at(world, 12.0)
    mixed = [*known, *known[::3]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    frame = w.view(world, 12.0, known)
    assert judge(mixed, frame) == judge(known, frame)


@given(small_worlds())
@settings(max_examples=25, deadline=None)
def test_support_sums_to_one_and_every_verdict_names_its_rules(world: World) -> None:
    for verdict in w.verdicts_at(world, 12.0):
        assert sum(verdict.support.values()) == pytest.approx(1.0)
        assert set(verdict.support) == set(Cause)
        assert verdict.confidence == pytest.approx(max(verdict.support.values()))
        assert verdict.rules == VERSION
        assert len(verdict.evidence) <= 12


@given(small_worlds())
@settings(max_examples=15, deadline=None)
def test_relabelling_countries_relabels_the_verdicts(world: World) -> None:
    other = {"TR": "AA", "DE": "YY", "US": "MM", "JP": "BB"}  # ZZ would be nowhere
    known = w.known_at(world, 12.0)
    moved = [msgspec.structs.replace(m, vantage=_moved(m.vantage, other)) for m in known]
    frame = w.view(world, 12.0, known)
    new = msgspec.structs.replace(frame, roster=tuple(_moved(v, other) for v in frame.roster))
    told = {
        (v.feature, other[v.country], v.network): (v.leading, v.state, round(v.confidence, 9))
        for v in judge(known, frame)
    }
    again = {
        (v.feature, v.country, v.network): (v.leading, v.state, round(v.confidence, 9))
        for v in judge(moved, new)
    }
    assert again == told


def _moved(vantage: Vantage, to: dict[str, str]) -> Vantage:
    return msgspec.structs.replace(vantage, country=to[vantage.country])


def _interfered(verdict: Verdict) -> float:
    return verdict.support[Cause.FILTERING] + verdict.support[Cause.THROTTLING]


@given(small_worlds())
@settings(max_examples=25, deadline=None)
def test_without_a_countrys_good_controls_filtering_there_is_never_surer(world: World) -> None:
    known = w.known_at(world, 12.0)
    assume(not any(event.controls for event in world.events))
    bare = [m for m in known if m.vantage.country != "TR" or m.target.service != CONTROL]
    frame = w.view(world, 12.0, known)
    with_them = w.cell(judge(known, frame), "web", "TR")
    without = w.cell(judge(bare, frame), "web", "TR")
    if without.support[Cause.FILTERING] > 1e-3 and _measured(with_them):
        # Shares of belief are normalised: a rival that loses a little more moves thousandths, and
        # where one network is slowed and another is filtered the two are parted anew.
        assert _interfered(without) <= _interfered(with_them) + 2e-3
    if without.leading is Cause.FILTERING:
        assert STRENGTH[without.state] == 0


def _measured(verdict: Verdict) -> bool:
    """Whether it rests on sights: with its controls, a country may turn out to be cut off."""
    return not any(piece.rule.startswith("health.") for piece in verdict.evidence)


@pytest.mark.parametrize(
    "cause_maker",
    [(Cause.FILTERING, w.sni_reset), (Cause.FILTERING, w.bogon), (Cause.FILTERING, w.mitm)],
)
def test_one_more_network_that_shows_it_never_lowers_a_cause(
    cause_maker: tuple[Cause, w.Maker],
) -> None:
    cause, maker = cause_maker
    support = []
    for asns in ((47330,), (47330, 47331)):
        world = World((on(maker, asns=asns),))
        support.append(w.cell(w.verdicts_at(world, 12.0), "web", "TR").support[cause])
    assert support[1] >= support[0]


def test_without_an_outside_there_is_no_filtering() -> None:
    world = World((on(w.sni_reset, "TR"),), roster=w.networks(("TR", 47330, (2, 1))))
    told = [v for v in w.verdicts_at(world, 16.0) if v.leading is Cause.FILTERING]
    assert all(v.state is State.INSUFFICIENT for v in told)
