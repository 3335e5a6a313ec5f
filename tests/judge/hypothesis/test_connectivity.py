from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.sight import Sight
from probe.judge.view import View
from probe.model import CONTROL, Cause, Layer, Reach, State, Target, Vantage, Verdict
from probe.model import Health as Wellness
from tests.judge import worlds as w

NOW = w.START + timedelta(seconds=60)
VIEW = View(now=NOW, round=timedelta(seconds=5), roster=w.ROSTER)
Q, U, D, B = Condition.SILENT, Condition.CUT, Condition.DARK, Condition.BROKEN


def health(
    vantage: Vantage, condition: Condition, seconds: float = 20.0, layer: Layer = Layer.DNS
) -> Health:
    """One that is broken has its controls end at a layer: by default no name of them is resolved."""
    measured = condition not in {Condition.SILENT, Condition.WELL}
    failed = Sight(
        id="c", at=NOW, vantage=vantage, health=Wellness(), layer=layer,
        target=Target(service=CONTROL, feature=Reach.FOREIGN, endpoint="foreign-0"),
    )  # fmt: skip
    return Health(
        vantage=vantage, condition=condition, since=NOW - timedelta(seconds=seconds), shown=measured,
        controls=(failed,) if condition is B else (),
    )  # fmt: skip


def told(
    states: dict[str, Condition], roster: tuple[Vantage, ...] = w.ROSTER
) -> dict[tuple[str, int], Verdict]:
    healths = {v.id: health(v, states.get(v.id, Condition.WELL)) for v in roster}
    return {(v.country, v.network): v for v in connectivity(healths, VIEW)}


CA = [v.id for v in w.ROSTER if v.country == "CA"]
ROGERS = CA[:2]
TR = [v.id for v in w.ROSTER if v.country == "TR"]
NG = [v.id for v in w.ROSTER if v.country == "NG"]


def test_all_is_well() -> None:
    verdicts = told({})
    assert {v.leading for v in verdicts.values()} == {Cause.OK}
    assert {v.state for v in verdicts.values()} == {State.CONFIRMED}


def test_one_silent_vantage_is_nobodys_disruption() -> None:
    verdicts = told({CA[2]: Q})
    assert verdicts["CA", 811].leading is Cause.LOCAL_FAULT
    assert verdicts["CA", 811].state is State.INSUFFICIENT
    assert verdicts["CA", 0].leading is Cause.OK


def test_two_silent_vantages_of_a_network_are_a_suspicion() -> None:
    verdicts = told(dict.fromkeys(ROGERS, Q))
    assert (verdicts["CA", 810].leading, verdicts["CA", 810].state) == (
        Cause.NETWORK_DISRUPTION,
        State.SUSPECTED,
    )
    assert verdicts["CA", 0].leading is Cause.OK


def test_one_that_still_speaks_speaks_for_its_network() -> None:
    assert told({ROGERS[0]: Q})["CA", 810].leading is Cause.OK


def test_all_networks_silent_are_the_countrys() -> None:
    verdict = told(dict.fromkeys(CA, Q))["CA", 0]
    assert (verdict.leading, verdict.state, verdict.networks) == (
        Cause.NETWORK_DISRUPTION,
        State.SUSPECTED,
        3,
    )


def test_networks_of_few_of_a_countrys_probes_are_not_the_country() -> None:
    """Two of three, and two probes of eight."""
    roster = w.networks(("FR", 100, (6, 1, 1)), ("DE", 3320, (1, 1)), ("US", 7920, (1, 1)))
    verdicts = told({"fr-101-0": Q, "fr-102-0": Q}, roster)
    assert verdicts["FR", 0].leading is Cause.OK
    for asn in (101, 102):
        verdict = verdicts["FR", asn]
        assert (verdict.leading, verdict.state) == (Cause.NETWORK_DISRUPTION, State.SUSPECTED)


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ((U, U, U), State.CONFIRMED),
        ((D, D, D), State.CONFIRMED),
        ((U, Q, Q), State.SUSPECTED),
        ((B, B, B), State.SUSPECTED),
    ],
)
def test_measured_failures_make_it_more(conditions: tuple[Condition, ...], state: State) -> None:
    healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
    healths |= {
        v.id: health(v, condition, seconds=5 * w.ROUND)
        for v, condition in zip((v for v in w.ROSTER if v.id in TR), conditions, strict=True)
    }
    assert disruption(healths, "TR") is state


def test_vantages_that_are_broken_each_in_its_own_way_are_no_disruption() -> None:
    """A portal, or a clock that calls every certificate too old, is a fault of one host."""
    for layer, cause in ((Layer.DNS, Cause.NETWORK_DISRUPTION), (Layer.TLS, Cause.LOCAL_FAULT)):
        healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
        healths |= {v.id: health(v, B, layer=layer) for v in w.ROSTER if v.id in ROGERS}
        verdicts = {(v.country, v.network): v for v in connectivity(healths, VIEW)}
        assert verdicts["CA", 810].leading is cause


def disruption(healths: dict[str, Health], country: str) -> State:
    verdict = next(
        v for v in connectivity(healths, VIEW) if (v.country, v.network) == (country, 0)
    )
    assert verdict.leading is Cause.NETWORK_DISRUPTION
    return verdict.state


def cut(country: str, *rounds: int) -> State:
    """What is said of a country whose networks have each been cut for so many rounds."""
    roster = w.networks((country, 100, (1,) * len(rounds)), ("DE", 3320, (1, 1)))
    here = [v for v in roster if v.country == country]
    healths = {v.id: health(v, Condition.WELL) for v in roster}
    healths |= {
        v.id: health(v, U, seconds=(count - 1) * w.ROUND)
        for v, count in zip(here, rounds, strict=True)
    }
    return disruption(healths, country)


@pytest.mark.parametrize(
    ("rounds", "state"),
    [
        ((5, 5), State.LIKELY),
        ((6, 6), State.CONFIRMED),
        ((8, 5), State.LIKELY),  # the second has joined the first one's trouble
        ((3, 3, 3), State.LIKELY),
        ((4, 4, 4), State.CONFIRMED),
        ((6, 6, 4), State.CONFIRMED),
        ((6, 6, 3), State.CONFIRMED),  # a third that joins takes nothing back
        ((2, 2, 2, 2, 2, 2), State.LIKELY),  # however many: three rounds at least
        ((3, 3, 3, 3), State.CONFIRMED),
    ],
)
def test_the_fewer_networks_the_longer_until_it_is_no_coincidence(
    rounds: tuple[int, ...], state: State
) -> None:
    assert cut("TR", *rounds) is state


@pytest.mark.parametrize(
    ("rounds", "state"), [(2, State.INSUFFICIENT), (4, State.SUSPECTED), (7, State.LIKELY)]
)
def test_one_networks_measured_cut_must_outlast_passing_trouble(rounds: int, state: State) -> None:
    healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
    healths |= {
        v.id: health(v, U, seconds=(rounds - 1) * w.ROUND) for v in w.ROSTER if v.id in ROGERS
    }
    told_ = {(v.country, v.network): v for v in connectivity(healths, VIEW)}
    assert told_["CA", 810].state is state


def test_vantages_of_several_networks_lost_in_the_same_minutes_are_a_suspicion() -> None:
    some = {"us-7920-0": Q, "ca-810-0": Q}
    assert told(some)["US", 0].leading is Cause.OK
    roster = w.networks(("TR", 47330, (3, 3, 2)), ("DE", 3320, (1, 1)))
    province = {"tr-47330-0": Q, "tr-47331-0": Q, "tr-47332-0": Q}
    verdict = told(province, roster)["TR", 0]
    assert (verdict.leading, verdict.state) == (Cause.NETWORK_DISRUPTION, State.SUSPECTED)
    assert told(dict(list(province.items())[:2]), roster)["TR", 0].leading is Cause.OK


def test_one_killed_and_one_broken_are_two_chances_not_one_disruption() -> None:
    assert told({ROGERS[0]: Q, ROGERS[1]: B})["CA", 810].leading is Cause.LOCAL_FAULT
    assert told({TR[0]: Q, TR[1]: Q, TR[2]: B})["TR", 0].leading is not Cause.NETWORK_DISRUPTION


def test_most_vantages_silent_at_once_is_our_own_intake() -> None:
    silent = {v.id: Q for v in w.ROSTER if v.country not in {"DE", "JP"}}
    assert all(v.leading is not Cause.NETWORK_DISRUPTION for v in told(silent).values())


def test_nobody_elsewhere_to_compare_means_no_disruption() -> None:
    alone = tuple(v for v in w.ROSTER if v.country == "CA")
    assert all(
        v.leading is not Cause.NETWORK_DISRUPTION
        for v in told(dict.fromkeys(CA, Q), alone).values()
    )


def test_a_broken_vantage_beside_a_well_one_is_its_own_fault() -> None:
    verdict = told({ROGERS[0]: B})["CA", 810]
    assert (verdict.leading, verdict.state, verdict.vantages) == (
        Cause.LOCAL_FAULT,
        State.SUSPECTED,
        1,
    )
    assert verdict.evidence[0].rule == "health.broken"


def test_support_sums_to_one() -> None:
    for verdict in told({ROGERS[0]: B, TR[0]: U, CA[2]: Q}).values():
        assert sum(verdict.support.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rounds", "state"),
    [((2, 2), State.SUSPECTED), ((5, 2), State.SUSPECTED), ((3, 3), State.LIKELY)],
)
def test_two_networks_must_be_cut_until_all_was_tried_twice(
    rounds: tuple[int, ...], state: State
) -> None:
    assert cut("TR", *rounds) is state


def test_networks_that_let_something_pass_now_and_then_are_in_passing_trouble() -> None:
    healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
    lost = {v.id: health(v, U) for v in w.ROSTER if v.id in TR}
    assert disruption({**healths, **lost}, "TR") is State.LIKELY
    wavering = {name: msgspec.structs.replace(h, wavers=True) for name, h in lost.items()}
    states = {v.state for v in connectivity({**healths, **wavering}, VIEW) if v.country == "TR"}
    assert states <= {State.SUSPECTED, State.INSUFFICIENT}


def test_a_network_is_lost_since_its_last_vantage_was() -> None:
    healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
    healths |= {
        name: health(healths[name].vantage, U, seconds=seconds)
        for name, seconds in zip(ROGERS, (40.0, 0.0), strict=True)
    }
    told_ = {(v.country, v.network): v for v in connectivity(healths, VIEW)}
    assert (told_["CA", 810].state, told_["CA", 810].rounds) == (State.INSUFFICIENT, 1)


def test_a_network_that_joins_others_counts_from_when_it_joined() -> None:
    healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
    ages = (30.0, 28.0, 18.0)
    healths |= {
        name: health(healths[name].vantage, U, seconds=age)
        for name, age in zip(NG[2:], ages, strict=True)
    }
    rounds = {v.network: v.rounds for v in connectivity(healths, VIEW) if v.country == "NG"}
    assert (rounds[29462], rounds[29463], rounds[29464]) == (6, 6, 4)


MINUTE = 60.0


def silent(country: str, *minutes: float, **more: Condition) -> dict[tuple[str, int], Verdict]:
    """What is told where each network's one vantage has been silent for so many minutes, 0 not at all."""
    roster = w.networks(
        (country, 100, (1,) * len(minutes)), ("DE", 3320, (1, 1)), ("JP", 2516, (1,))
    )
    here = [v for v in roster if v.country == country]
    healths = {v.id: health(v, Condition.WELL) for v in roster} | {
        v.id: health(v, more.get("kind", Q), seconds=age * MINUTE)
        for v, age in zip(here, minutes, strict=True)
        if age
    }
    view = msgspec.structs.replace(VIEW, round=timedelta(seconds=60))
    return {(v.country, v.network): v for v in connectivity(healths, view)}


@pytest.mark.parametrize(
    ("minutes", "vantages"),
    [
        ((12, 8, 4), 3),
        ((24, 20, 16, 12, 8, 4), 6),
        ((12, 3), 2),  # two operators, nine minutes apart
        ((60, 30, 3), 3),  # many carry longer waits than two
        ((4 * 1440, 8, 4), 2),  # who left days ago is neither lost by it nor spared
    ],
)
def test_operators_that_fall_one_after_another_are_the_countrys_disruption(
    minutes: tuple[float, ...], vantages: int
) -> None:
    verdict = silent("TD", *minutes)["TD", 0]
    assert (verdict.leading, verdict.state) == (Cause.NETWORK_DISRUPTION, State.SUSPECTED)
    assert verdict.vantages == verdict.networks == vantages


@pytest.mark.parametrize(
    "minutes",
    [
        (45, 4),  # two, in an hour
        (4 * 1440, 3 * 1440, 2 * 1440, 1440, 600),  # volunteers who leave over days
        (480, 360, 240, 120, 4),  # and over a day
    ],
)
def test_departures_hours_apart_do_not_add_up(minutes: tuple[float, ...]) -> None:
    told_ = silent("TD", *minutes)
    assert all(v.leading is not Cause.NETWORK_DISRUPTION for v in told_.values())


def test_two_vantages_of_a_network_that_left_days_apart_are_no_disruption() -> None:
    for apart, cause in ((600.0, Cause.NETWORK_DISRUPTION), (86400.0, Cause.LOCAL_FAULT)):
        healths = {v.id: health(v, Condition.WELL) for v in w.ROSTER}
        healths |= {
            name: health(healths[name].vantage, Q, seconds=seconds)
            for name, seconds in zip(ROGERS, (apart + 60, 60.0), strict=True)
        }
        told_ = {(v.country, v.network): v for v in connectivity(healths, VIEW)}
        assert told_["CA", 810].leading is cause


def test_networks_cut_one_after_another_are_no_more_than_suspected() -> None:
    """At once and for so long it is confirmed; one after another each may be in its own trouble."""
    state = {
        minutes: silent("TD", *minutes, kind=U)["TD", 0].state
        for minutes in ((20, 19, 18), (40, 30, 20))
    }
    assert state == {(20, 19, 18): State.CONFIRMED, (40, 30, 20): State.SUSPECTED}


def test_names_that_are_not_resolved_one_after_another_are_each_its_own_trouble() -> None:
    told_ = silent("TD", 12, 8, 4, kind=B)
    assert all(v.leading is not Cause.NETWORK_DISRUPTION for v in told_.values())


def test_one_that_left_before_hides_nobody_of_a_province() -> None:
    roster = w.networks(("TR", 47330, (3, 3, 3)), ("DE", 3320, (1, 1)))
    seconds = {"tr-47330-0": 86400.0, "tr-47330-1": 20.0, "tr-47331-0": 18.0, "tr-47332-0": 17.0}
    healths = {v.id: health(v, Condition.WELL) for v in roster} | {
        v.id: health(v, Q, seconds=seconds[v.id]) for v in roster if v.id in seconds
    }
    verdict = {(v.country, v.network): v for v in connectivity(healths, VIEW)}["TR", 0]
    assert (verdict.leading, verdict.vantages) == (Cause.NETWORK_DISRUPTION, 3)


def test_a_country_of_very_many_probes_can_be_lost() -> None:
    roster = w.networks(("TR", 100, (150, 150)), ("DE", 3320, (1,)), ("JP", 2516, (1,)))
    verdict = told({v.id: Q for v in roster if v.country == "TR"}, roster)["TR", 0]
    assert (verdict.leading, verdict.vantages) == (Cause.NETWORK_DISRUPTION, 300)
