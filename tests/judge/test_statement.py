from __future__ import annotations

import msgspec
import pytest

from probe.judge.apart import NOT_RELATED
from probe.judge.statement import describe
from probe.model import Cause, Evidence, Incident, Observation, Scope, Standing, State, Verdict
from tests.judge import worlds as w
from tests.judge.said import SERVICES, incident, say
from tests.judge.worlds import Event, World

DOUBLED = (*(v for v in w.ROSTER if v.country != "NG"), *w.networks(("NG", 29460, (2, 2, 2))))


def test_an_international_outage_is_told_with_its_counts_and_what_it_is_not() -> None:
    text = say(Event(1.0, w.server_error, features=("notifications",)))[Cause.SERVICE_OUTAGE]
    assert text.startswith(
        "Confirmed: Chirp is experiencing international outages affecting notifications: "
    )
    assert (
        "21 networks of 21 in 8 countries see the service's own errors over valid certificates"
        in text
    )
    assert "Not affected: web." in text
    assert NOT_RELATED in text


def test_what_fails_by_itself_shares_nothing_with_others() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    one = msgspec.structs.replace(incident(Cause.DEPENDENCY_OUTAGE), shared=("site x/AMS",))
    other = msgspec.structs.replace(one, id="y", service="other")
    alone, beside = (describe(one, told, (), frame).text for told in ((one,), (one, other)))
    assert "Chirp is failing, with what it stands on (site x/AMS): web in Türkiye" in alone
    assert "failing, together with other, with what these services share (site x/AMS): " in beside


def test_filtering_names_the_place_the_networks_and_the_way() -> None:
    text = say(Event(1.0, w.sni_reset, countries=("TR",)))[Cause.FILTERING]
    assert (
        "measurements show Chirp restricted in Türkiye on TR Net 1 (AS47330) and TR Net 2 (AS47331)"
        in text
    )
    assert (
        "reset when the TLS handshake names the service, while a neutral name at the same address passes"
        in text
    )
    assert "Outside, 7 of 7 observed countries reach the service meanwhile." in text


def test_what_is_but_suspected_is_not_shown() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    for state, words in ((State.SUSPECTED, "suggest that Chirp is"), (State.LIKELY, "show Chirp")):
        held = msgspec.structs.replace(incident(Cause.FILTERING), state=state)
        assert f": measurements {words} restricted" in describe(held, (held,), (), frame).text


def test_a_network_that_lets_the_servers_own_errors_through_is_no_part_of_a_filter() -> None:
    """The failure of all the world reaches it as well, and says nothing of the network."""
    four = tuple(range(29460, 29464))
    told = say(Event(26.0, w.server_error), Event(1.0, w.sni_reset, networks=four), at=51.0)
    text = told[Cause.FILTERING]
    assert "NG Net 4 (AS29463)" in text
    assert "NG Net 5" not in text
    assert (
        "Outside, 0 of 7 observed countries reach the service meanwhile; 7 see it fail by" in text
    )
    assert "17 networks of 21 in 8 countries see" in told[Cause.SERVICE_OUTAGE]


def test_a_disruption_asserts_no_cause() -> None:
    gone = Event(1.0, w.unplugged, networks=(810,), controls=True, sending=False)
    text = say(gone)[Cause.NETWORK_DISRUPTION]
    assert text.startswith("Suspected: network data show an operator-level disruption")
    assert "CA Net 1 (AS810)" in text
    assert "Cause and intent are not known." in text


def test_networks_lost_together_are_a_country_and_named_before_any_of_them_is_told() -> None:
    gone = Event(1.0, w.unplugged, countries=("DE",), controls=True)
    for at, state in ((11.0, "Suspected"), (16.0, "Likely")):
        text = say(gone, at=at)[Cause.NETWORK_DISRUPTION]
        assert text.startswith(
            f"{state}: network data show a country-level disruption of internet connectivity in "
            "Germany on DE Net 1 (AS3320) and DE Net 2 (AS3321): probes there report that "
            "international destinations cannot be reached, while probes elsewhere keep reporting. "
        )


def test_a_part_of_several_networks_is_no_country() -> None:
    some = ("ng-29460-0", "ng-29461-0", "ng-29462-0")
    gone = Event(1.0, w.unplugged, vantages=some, controls=True, sending=False)
    text = say(gone, roster=DOUBLED)[Cause.NETWORK_DISRUPTION]
    assert text.startswith("Suspected: network data show a partial disruption of internet")
    assert "in Nigeria on NG Net 1 (AS29460), NG Net 2 (AS29461) and NG Net 3 (AS29462): " in text
    assert "3 probes there fell silent" in text
    assert "while 3 probes there and others elsewhere keep reporting" in text


@pytest.mark.parametrize(
    ("sizes", "lost", "level", "beside"),
    [
        ((1, 1, 1, 1, 1), 4, "a country-level", "1 probe there and others elsewhere"),
        ((1, 1, 1), 2, "a partial", "1 probe there and others elsewhere"),
        ((1, 1, 1, 1, 2), 4, "a partial", "2 probes there and others elsewhere"),
        ((1, 1, 1, 6), 3, "an operator-level", "6 probes there and others elsewhere"),
    ],
)
def test_a_country_is_dark_where_nearly_all_networks_and_probes_are_and_who_reports_is_said(
    sizes: tuple[int, ...], lost: int, level: str, beside: str
) -> None:
    roster = w.networks(("FR", 100, sizes), ("DE", 3320, (1, 1)), ("US", 7920, (2, 2)))
    gone = Event(
        1.0, w.unplugged, networks=tuple(range(100, 100 + lost)), controls=True, sending=False
    )
    text = say(gone, roster=roster)[Cause.NETWORK_DISRUPTION]
    assert f"network data show {level} disruption of internet connectivity in France on " in text
    assert f"{lost} probes there fell silent, while {beside} keep reporting." in text


def test_two_networks_of_many_beside_a_part_of_others_are_no_country() -> None:
    five = (*DOUBLED, *w.networks(("NG", 29463, (2, 2))))
    whole = Event(1.0, w.unplugged, networks=(29460, 29461), controls=True, sending=False)
    some = ("ng-29462-0", "ng-29463-0", "ng-29464-0")
    part = Event(1.0, w.unplugged, vantages=some, controls=True, sending=False)
    text = say(whole, part, roster=five)[Cause.NETWORK_DISRUPTION]
    assert "a partial disruption of internet connectivity in Nigeria on NG Net 1 (AS29460)" in text
    assert "(AS29463) and 1 more network: " in text


def test_a_network_that_came_back_while_others_are_lost_is_named_no_more() -> None:
    back = Event(1.0, w.unplugged, until=21.0, networks=(55830,), controls=True, sending=False)
    gone = Event(1.0, w.unplugged, networks=(55831, 55832), controls=True, sending=False)
    for at, named, probes in ((31.0, True, 3), (51.0, False, 2)):
        text = say(back, gone, at=at)[Cause.NETWORK_DISRUPTION]
        assert ("IN Net 1 (AS55830)" in text) is named
        assert f"IN Net 2 (AS55831) and IN Net 3 (AS55832): {probes} probes there fell" in text


def test_a_network_of_which_nothing_is_suspected_yet_is_not_named_among_operators() -> None:
    """In passing trouble beside those that fell silent; of a country that is lost all are named."""

    def lost(asn: int, state: State) -> Verdict:
        return Verdict(
            service="", feature="", country="NG", network=asn, at=w.START, state=state, vantages=1,
            leading=Cause.NETWORK_DISRUPTION, confidence=0.9, networks=1,
            support={Cause.NETWORK_DISRUPTION: 0.9, Cause.LOCAL_FAULT: 0.1},
        )  # fmt: skip

    told = (lost(29460, State.SUSPECTED), lost(29461, State.INSUFFICIENT))
    frame = w.view(World(services=SERVICES), 1.0, [])
    for scope, named in ((Scope.NETWORKS, False), (Scope.COUNTRIES, True)):
        known = Incident(
            id="x", service="", features=(), cause=Cause.NETWORK_DISRUPTION, scope=scope,
            state=State.SUSPECTED, countries=("NG",), opened=w.START, updated=w.START,
            networks=(29460,), vantages=1,
        )  # fmt: skip
        assert ("AS29461" in describe(known, (known,), told, frame).text) is named


def test_a_certificate_that_expired_in_one_country_alone_is_the_services_own() -> None:
    told = say(Event(1.0, w.expired, countries=("IN",)), at=21.0)
    assert set(told) == {Cause.SERVICE_OUTAGE}
    assert (
        "in 1 country are shown a certificate of its own that has expired"
        in told[Cause.SERVICE_OUTAGE]
    )


def test_a_geo_block_is_worded_as_the_services_refusal() -> None:
    text = say(Event(1.0, w.geo_block, countries=("IN",)))[Cause.GEO_BLOCK]
    assert (
        "itself refuses visitors from India: a refusal over valid certificates comes from web"
        in text
    )
    assert "not a restriction by networks" in text


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_its_words_and_its_doubt(cause: Cause) -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    said = describe(incident(cause), (), (), frame)
    assert said.text.startswith("Suspected: ")
    assert "Türkiye" in said.text or cause is Cause.SERVICE_OUTAGE
    assert said.doubt.startswith("Confidence ")


@pytest.mark.parametrize(
    ("state", "confidence", "words"),
    [
        (State.CONFIRMED, 0.99, "Confidence very high (0.99), on 2 vantages."),
        (State.LIKELY, 0.94, "Confidence high (0.94), on 2 vantages."),
        (State.LIKELY, 1.0, "No other explanation fits what was seen as well (0.99, on 2 vantages), but the evidence does not suffice to confirm it."),
        (State.SUSPECTED, 0.79, "Confidence moderate (0.79), on 2 vantages."),
        (State.SUSPECTED, 0.8, "No other explanation fits what was seen as well (0.80, on 2 vantages), but the evidence does not suffice for more than a suspicion."),
    ],
)  # fmt: skip
def test_support_beyond_what_the_evidence_carries_is_said_to_be_so(
    state: State, confidence: float, words: str
) -> None:
    known = msgspec.structs.replace(
        incident(Cause.FILTERING), state=state, confidence=confidence, vantages=2
    )
    assert describe(known, (), (), w.view(World(services=SERVICES), 1.0, [])).doubt == words


LATE = "generic_timeout_error"


def cut_over_both(case: w.Case) -> tuple[Observation, ...]:
    return (*w.sni_reset(case), *w.over_quic(case, "", LATE, LATE))


def cut_over_tcp(case: w.Case) -> tuple[Observation, ...]:
    return (*w.sni_reset(case), *w.over_quic(case, "", "", ""))


def test_filtering_says_whether_quic_is_cut_as_well() -> None:
    lost = "Over QUIC its name is lost as well, even at a server of ours."
    for maker, told in ((cut_over_both, True), (cut_over_tcp, False)):
        text = say(Event(1.0, maker, countries=("TR",)))[Cause.FILTERING]
        assert (lost in text) is told
        assert ("Over QUIC it answers" in text) is not told


def lost_over_quic(case: w.Case) -> tuple[Observation, ...]:
    return (*w.ok(case), *w.over_quic(case, "", LATE, LATE))


def test_a_service_that_is_well_over_tcp_is_no_incident_whatever_quic_shows() -> None:
    assert say(Event(1.0, lost_over_quic, countries=("TR",))) == {}


def silent_over_both(case: w.Case) -> tuple[Observation, ...]:
    return (*w.null_route(case), *w.over_quic(case, "", "", LATE))


def test_a_service_that_is_down_is_no_less_down_for_not_speaking_quic() -> None:
    told = say(Event(1.0, silent_over_both))
    assert set(told) == {Cause.SERVICE_OUTAGE}


def test_a_restriction_whose_networks_are_not_known_names_none() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    text = describe(incident(Cause.FILTERING), (), (), frame).text
    assert "restricted in Türkiye: it cannot be reached." in text


def test_numbers_and_verbs_agree_and_of_fewer_countries_than_named_it_is_said_when() -> None:
    world = World((Event(1.0, w.null_route, countries=("TR",)),), services=SERVICES)
    frame = w.view(world, 11.0, [])
    cells = w.verdicts_at(world, 11.0)
    one = next(v for v in cells if v.network and v.country == "TR" and v.feature == "web")
    struck = msgspec.structs.replace(one, leading=Cause.DEPENDENCY_OUTAGE)
    known = msgspec.structs.replace(incident(Cause.DEPENDENCY_OUTAGE), countries=("DE", "TR"))
    said = describe(known, (known,), (struck,), frame).text
    assert "; at the last look 1 network of 1 in 1 country sees it fail (" in said
    assert ") while its controls are well." in said
    here = msgspec.structs.replace(known, countries=("TR",))
    assert "; 1 network of 1 in 1 country sees" in describe(here, (here,), (struck,), frame).text
    abroad = [
        msgspec.structs.replace(v, leading=Cause.SERVICE_OUTAGE if v.country == "DE" else Cause.OK)
        for v in cells
        if not v.network and v.country in {"DE", "US"} and v.feature == "web"
    ]
    beside = describe(incident(Cause.FILTERING), (), abroad, frame).text
    assert "Outside, 1 of 2 observed countries reaches the service meanwhile; 1 sees it" in beside


def test_looks_of_others_are_not_said_to_be_vantages() -> None:
    piece = Evidence(rule="pair.bogon", standing=Standing.SCORED, measurement="m", vantage="v")
    known = msgspec.structs.replace(incident(Cause.FILTERING), evidence=(piece,), vantages=5)
    doubt = describe(known, (), (), w.view(World(services=SERVICES), 1.0, [])).doubt
    assert doubt == "Confidence low (0.00), on 5 looks."
