from __future__ import annotations

from probe.judge.hypothesis import judge
from probe.model import CONTROL, Cause, State
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
