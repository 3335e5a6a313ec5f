from __future__ import annotations

import pytest

from probe.judge.hypothesis import judge
from probe.model import CONTROL, STRENGTH, Cause, State
from tests.judge import worlds as w
from tests.judge.worlds import Event, World


def test_an_untested_cell_is_insufficient_and_never_ok() -> None:
    world = World()
    frame = w.view(world, 12.0, [])
    for verdict in judge([], frame):
        assert verdict.state is State.INSUFFICIENT
        assert verdict.leading is not Cause.OK


def test_evidence_is_spread_over_the_networks() -> None:
    verdict = w.cell(
        w.verdicts_at(World((Event(1.0, w.sni_reset, countries=("TR",)),)), 16.0), "web", "TR"
    )
    first = {piece.vantage for piece in verdict.evidence[:2]}
    assert len(verdict.evidence) >= 3
    assert len({vantage.split("-")[1] for vantage in first}) == 2
    assert verdict.evidence[0].rule == "tls.reset_name"
    assert (verdict.vantages, verdict.networks) == (3, 2)


def test_what_one_vantage_tells_of_its_network_is_never_confirmed() -> None:
    """It may lie, where others of its country tell the truth."""
    roster = w.networks(("TR", 47330, (1, 1, 2)), ("DE", 3320, (2, 1)), ("US", 7920, (1, 1)), ("JP", 2510, (1, 1)))  # fmt: skip
    world = World((Event(1.0, w.sni_reset, countries=("TR",)),), roster=roster)
    told = w.verdicts_at(world, 31.0)
    states = {v.network: v.state for v in told if (v.feature, v.country) == ("web", "TR")}
    assert states == {
        0: State.CONFIRMED, 47330: State.LIKELY, 47331: State.LIKELY, 47332: State.CONFIRMED,
    }  # fmt: skip


def test_a_wall_around_half_of_each_networks_probes_is_no_confirmed_one() -> None:
    roster = w.networks(("TR", 47330, (2, 2, 2)), ("DE", 3320, (2, 1)), ("US", 7920, (1, 1)), ("JP", 2510, (1, 1)))  # fmt: skip
    half = tuple(v.id for v in roster if v.country == "TR" and v.id.endswith("1"))
    assert len(half) == 3
    cells = [
        w.cell(w.verdicts_at(World((event,), roster=roster), 31.0), "web", "TR")
        for event in (Event(1.0, w.sni_reset, vantages=half), Event(1.0, w.sni_reset, countries=("TR",)))
    ]  # fmt: skip
    assert [c.leading for c in cells] == [Cause.FILTERING] * 2
    assert [c.state for c in cells] == [State.LIKELY, State.CONFIRMED]


@pytest.mark.parametrize(
    ("country", "first", "expected"),
    [
        ("TR", 47330, State.CONFIRMED),
        ("ZZ", 47330, State.SUSPECTED),
        ("TR", 0, State.INSUFFICIENT),
    ],
)
def test_a_place_that_nobody_knows_is_no_country_and_as_0_no_network(
    country: str, first: int, expected: State
) -> None:
    sizes = (1, 1, 1) if first else (3,)
    roster = w.networks((country, first, sizes), ("DE", 3320, (2, 1)), ("US", 7920, (1, 1)), ("JP", 2510, (1, 1)))  # fmt: skip
    event = Event(1.0, w.sni_reset, countries=(country,))
    cells = w.verdicts_at(World((event,), roster=roster), 31.0)
    surest = {v.state for v in cells if (v.feature, v.country, v.leading) == ("web", country, Cause.FILTERING)}  # fmt: skip
    assert max(surest, key=STRENGTH.__getitem__) is expected


SINGLE = w.networks(("KG", 8440, (1,)))
CUT = Event(1.0, w.block_page, countries=("KG",), features=("web",))
SHAKY = Event(
    -20.0, w.null_route, until=6.0, countries=("KG",), services=(CONTROL,), features=("domestic",)
)
"""Two of its five controls fail, and then none."""


def told(at: float, *events: Event) -> tuple[Cause, State]:
    """What is said of a feature that is cut off on the only network of a country."""
    world = World(events, roster=(*w.ROSTER, *SINGLE))
    cell = w.cell(w.verdicts_at(world, at), "web", "KG")
    return cell.leading, cell.state


def test_a_lone_network_is_believed_once_its_controls_have_passed_for_rounds() -> None:
    suspected = Cause.FILTERING, State.SUSPECTED
    assert [told(at, CUT) for at in (7.0, 9.0)] == [suspected] * 2
    assert [told(at, CUT, SHAKY)[1] for at in (7.0, 9.0)] == [State.INSUFFICIENT] * 2
    assert told(12.0, CUT, SHAKY) == suspected


def test_silence_after_a_valid_handshake_in_one_country_is_the_services_at_most_suspected() -> (
    None
):
    world = World((Event(1.0, w.silence, countries=("IN",)),))
    verdict = w.cell(w.verdicts_at(world, 1.0 + 6 * w.ROUND), "web", "IN")
    assert (verdict.leading, verdict.state) == (Cause.SERVICE_OUTAGE, State.SUSPECTED)


def test_such_silence_in_two_countries_is_likely_the_services_once_it_lasts() -> None:
    world = World((Event(1.0, w.silence, countries=("IN", "TR")),))
    early, late = (
        w.cell(w.verdicts_at(world, 1.0 + rounds * w.ROUND), "web", "IN") for rounds in (3, 6)
    )
    assert (early.leading, early.state) == (Cause.SERVICE_OUTAGE, State.INSUFFICIENT)
    assert (late.leading, late.state) == (Cause.SERVICE_OUTAGE, State.LIKELY)


def hands(*events: Event, at: float = 26.0) -> dict[int, tuple[Cause, State]]:
    """What is said of a country with five networks, and of each of them."""
    cells = w.verdicts_at(World(events), at)
    return {
        v.network: (v.leading, v.state)
        for v in cells
        if (v.service, v.feature, v.country) == ("chirp", "web", "NG")
    }


def by(make: w.Maker, since: float, *networks: int) -> Event:
    return Event(since, make, countries=("NG",), networks=networks)


FILTERED, REFUSED = (Cause.FILTERING, State.CONFIRMED), (Cause.GEO_BLOCK, State.CONFIRMED)
BLOCKED, BARRED = (Cause.FILTERING, State.LIKELY), (Cause.GEO_BLOCK, State.LIKELY)
"""Of a network by its one vantage, where its country's verdict speaks for it."""


@pytest.mark.parametrize("refusal", [w.geo_block, w.rejection])
def test_what_the_service_refuses_beside_a_filter_is_told_of_its_own_networks(
    refusal: w.Maker,
) -> None:
    said = hands(by(w.sni_reset, 1.0, 29460, 29461, 29462), by(refusal, 1.0, 29463, 29464))
    assert said == {
        0: FILTERED, 29460: BLOCKED, 29461: BLOCKED, 29462: BLOCKED, 29463: REFUSED, 29464: REFUSED,
    }  # fmt: skip


def test_a_filter_beside_a_refusal_of_most_networks_is_told_of_its_own() -> None:
    said = hands(by(w.sni_reset, 1.0, 29460, 29461), by(w.geo_block, 1.0, 29462, 29463, 29464))
    assert said == {
        0: REFUSED, 29460: FILTERED, 29461: FILTERED, 29462: BARRED, 29463: BARRED, 29464: BARRED,
    }  # fmt: skip


def test_one_network_that_is_refused_beside_a_filter_is_but_suspected() -> None:
    said = hands(by(w.sni_reset, 1.0, 29460, 29461, 29462), by(w.geo_block, 1.0, 29463))
    assert said[29463] == (Cause.GEO_BLOCK, State.SUSPECTED)
    assert said[29464][0] is Cause.OK


def test_a_filter_that_follows_a_refusal_is_its_networks_own_again() -> None:
    every = (29460, 29461, 29462, 29463, 29464)
    said = hands(by(w.geo_block, 1.0, *every), by(w.sni_reset, 16.0, *every[:3]), at=46.0)
    assert {asn for asn, told in said.items() if told[0] is Cause.FILTERING} >= set(every[:3])
    assert said[29463][0] is said[29464][0] is Cause.GEO_BLOCK


def test_whoever_hears_errors_while_most_are_refused_in_a_border_s_words_is_not_refused() -> None:
    most = tuple(sorted({v.country for v in w.ROSTER} - {"NG", "JP"}))
    world = World(
        (Event(1.0, w.geo_block, countries=most), Event(1.0, w.server_error, countries=("JP",)))
    )
    cells = w.verdicts_at(world, 26.0)
    assert {w.cell(cells, "web", c).leading for c in most} == {Cause.GEO_BLOCK}
    assert {w.cell(cells, "web", c).state for c in most} <= {State.LIKELY, State.CONFIRMED}
    assert w.cell(cells, "web", "NG").leading is Cause.OK
    erring = w.cell(cells, "web", "JP")
    assert erring.leading is Cause.SERVICE_OUTAGE or erring.state is State.INSUFFICIENT
