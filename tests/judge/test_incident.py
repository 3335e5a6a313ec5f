"""Incidents over time: they open, grow, change their cause, close, reopen; and never flap."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from probe.judge.ending import UNSEEN as BLIND
from probe.judge.incident import FORGET_ROUNDS, advance
from probe.judge.matching import CLOSE_ROUNDS, REOPEN_ROUNDS
from probe.judge.view import View
from probe.model import Author, Cause, Evidence, Incident, Scope, Standing, State, Verdict
from tests.judge import worlds as w

ROUND = timedelta(seconds=5)
COUNTRIES = ("TR", "DE", "US", "JP")


def frame(now: datetime) -> View:
    return View(
        now=now, round=ROUND, services=(w.service("chirp", ("web", "api")),), roster=w.ROSTER
    )


def verdict(  # noqa: PLR0913 — a verdict has that many facts
    cause: Cause = Cause.OK, state: State = State.CONFIRMED, *, country: str = "TR", network: int = 0,
    feature: str = "web", now: datetime = w.START, service: str = "chirp",
) -> Verdict:  # fmt: skip
    rest = 0.02 / 7
    piece = Evidence(
        rule="http.5xx",
        standing=Standing.SCORED,
        measurement="m",
        vantage=f"{country}-1",
        author=Author.NOBODY,
    )
    return Verdict(
        service=service, feature=feature, country=country, network=network, at=now, leading=cause,
        state=state, confidence=0.98, support={c: 0.98 if c is cause else rest for c in Cause},
        evidence=(piece,), vantages=1, networks=1, since=None if cause is Cause.OK else now, rounds=2,
    )  # fmt: skip


def at(rounds: float) -> datetime:
    return w.START + rounds * ROUND


def run(
    *steps: tuple[float, list[Verdict]], held: tuple[Incident, ...] = ()
) -> tuple[Incident, ...]:
    for rounds, verdicts in steps:
        held = advance(held, verdicts, frame(at(rounds)))
    return held


def filtered(state: State = State.LIKELY, **more: object) -> Verdict:
    return verdict(Cause.FILTERING, state, **more)  # type: ignore[arg-type]


def test_nothing_opens_below_suspected() -> None:
    assert run((0, [filtered(State.INSUFFICIENT)])) == ()


def test_an_incident_opens_once_with_its_words_and_history() -> None:
    (incident,) = run((0, [filtered()]), (0.2, [filtered()]), (0.4, [filtered()]))
    assert incident.id == "20260301T120000-chirp-filtering-tr"
    assert [change.what for change in incident.history] == ["opened"]
    assert incident.statement
    assert incident.updated == at(0.4)


def test_each_network_that_joined_was_seen_by_a_vantage_at_the_least() -> None:
    """Though at no one time so many saw it."""
    steps = [(float(n), [filtered(network=a) for a in (n, n + 1)]) for n in range(1, 4)]
    (incident,) = run(*steps)
    assert (incident.networks, incident.vantages) == ((1, 2, 3, 4), 4)


def test_a_surer_state_is_a_line_of_history_and_is_not_taken_back() -> None:
    (incident,) = run(
        (0, [filtered(State.SUSPECTED)]),
        (1, [filtered(State.CONFIRMED)]),
        (2, [filtered(State.LIKELY)]),
    )
    assert incident.state is State.CONFIRMED
    assert [change.what for change in incident.history] == ["opened", "updated"]


def test_features_only_grow() -> None:
    both = [filtered(), filtered(feature="api")]
    (incident,) = run((0, [filtered()]), (1, both), (2, [filtered(feature="api"), verdict()]))
    assert incident.features == ("web", "api")


def test_it_closes_when_well_for_three_rounds_at_the_time_it_was_last_seen() -> None:
    held = run((0, [filtered()]), (1, [filtered()]), (1 + CLOSE_ROUNDS - 0.1, [verdict()]))
    assert held[0].closed is None
    (incident,) = run((1 + CLOSE_ROUNDS, [verdict()]), held=held)
    assert incident.closed == at(1)
    assert incident.history[-1].what == "closed"
    assert incident.statement.startswith("Ended at ")


def test_while_the_evidence_wanes_the_words_of_its_height_stand() -> None:
    """At the end of an outage fewer and fewer vantages still see it: that is no new statement."""
    where = [
        verdict(Cause.SERVICE_OUTAGE, country=country, network=network)
        for number, country in enumerate(COUNTRIES)
        for network in (0, 100 + number)
    ]
    (height,) = run((0, where), (1, where))
    (waning,) = run((2, where[:2]), (2.5, [verdict()]), held=(height,))
    assert waning.statement == height.statement
    (over,) = run((2 + CLOSE_ROUNDS, [verdict(country=c) for c in COUNTRIES]), held=(waning,))
    assert over.statement.endswith(height.statement)


def test_it_reopens_within_ten_rounds_and_not_after() -> None:
    held = run((0, [filtered()]), (CLOSE_ROUNDS, [verdict()]))
    (again,) = run((REOPEN_ROUNDS, [filtered()]), held=held)
    assert (again.closed, again.history[-1].what) == (None, "reopened")
    assert len(run((REOPEN_ROUNDS + 0.1, [filtered()]), held=held)) == 2


def test_what_nobody_looks_at_stays_open() -> None:
    blind = verdict(Cause.LOCAL_FAULT, State.INSUFFICIENT)
    (incident,) = run((0, [filtered()]), (8, [blind]))
    assert incident.closed is None


def test_a_cause_that_turns_out_otherwise_is_the_same_incident() -> None:
    outage = [verdict(Cause.SERVICE_OUTAGE, State.CONFIRMED, country=c) for c in COUNTRIES]
    (incident,) = run((0, [filtered()]), (1, outage))
    assert (incident.cause, incident.scope) == (Cause.SERVICE_OUTAGE, Scope.GLOBAL)
    assert [change.what for change in incident.history] == ["opened", "updated"]


def test_what_was_confirmed_is_never_renamed() -> None:
    """The outage is over; the filter that begins while it still stands is another incident."""
    outage = [verdict(Cause.SERVICE_OUTAGE, State.CONFIRMED, country=c) for c in COUNTRIES]
    first, second = run((0, outage), (2, [filtered(now=at(1.5))]))
    assert (first.cause, first.scope) == (Cause.SERVICE_OUTAGE, Scope.GLOBAL)
    assert (second.cause, second.countries) == (Cause.FILTERING, ("TR",))


def test_of_two_rivals_the_one_that_nobody_sees_any_more_ends() -> None:
    """Even a confirmed one: the same places have told of another cause for long."""
    outage = [verdict(Cause.SERVICE_OUTAGE)]
    first, second = run((0, outage), (1, [filtered()]), (REOPEN_ROUNDS - 0.1, [filtered()]))
    assert (first.closed, second.closed) == (None, None)
    first, second = run((REOPEN_ROUNDS, [filtered()]), held=(first, second))
    assert (first.closed, second.closed) == (at(0), None)


def test_what_began_after_an_incident_was_last_seen_is_another() -> None:
    outage = [verdict(Cause.SERVICE_OUTAGE, State.LIKELY, country=c) for c in COUNTRIES]
    first, second = run((0, outage), (2, [filtered(now=at(1))]))
    assert (first.cause, second.cause) == (Cause.SERVICE_OUTAGE, Cause.FILTERING)


def test_two_causes_are_two_incidents() -> None:
    outage = [verdict(Cause.SERVICE_OUTAGE, country=c, feature="api") for c in COUNTRIES]
    held = run((0, outage), (1, [*outage, filtered()]))
    assert [i.cause for i in held] == [Cause.SERVICE_OUTAGE, Cause.FILTERING]
    assert "A separate incident" in held[1].statement


def test_of_one_that_nobody_looks_at_it_is_said_as_well_that_what_was_beside_it_is_over() -> None:
    outage = [verdict(Cause.SERVICE_OUTAGE, country=c, feature="api") for c in COUNTRIES]
    held = run((0, [*outage, filtered()]), *((n, [filtered()]) for n in (1, 2)))
    assert "is under way: filtering in" in held[0].statement
    held = run(*((2 + n, [verdict()]) for n in range(1, CLOSE_ROUNDS + 1)), held=held)
    assert [i.closed is None for i in held] == [True, False]
    assert "was under way: filtering in" in held[0].statement


def test_a_vantages_fault_never_becomes_a_countrys_disruption() -> None:
    broken = verdict(Cause.LOCAL_FAULT, State.SUSPECTED, service="", feature="", network=47330)
    gone = verdict(
        Cause.NETWORK_DISRUPTION, State.SUSPECTED, service="", feature="", network=47330
    )
    held = run((0, [broken]), (1, [gone]))
    assert [(i.cause, i.scope) for i in held] == [
        (Cause.LOCAL_FAULT, Scope.VANTAGE), (Cause.NETWORK_DISRUPTION, Scope.NETWORKS),
    ]  # fmt: skip


def test_incidents_of_two_countries_have_names_of_their_own() -> None:
    held = run((0, [filtered(), filtered(country="DE")]))
    assert len({i.id for i in held}) == 2


def test_judging_again_at_the_same_moment_changes_nothing() -> None:
    held = run((0, [filtered()]), (1, [filtered()]))
    assert run((1, [filtered()]), held=held) == held


CAUSES = st.sampled_from(
    [Cause.OK, Cause.OK, Cause.SERVICE_OUTAGE, Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK]
)
STATES = st.sampled_from(list(State))


class Incidents(RuleBasedStateMachine):
    """Any course of verdicts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = w.START
        self.held: tuple[Incident, ...] = ()
        self.seen: dict[str, int] = {}

    @rule(
        cells=st.dictionaries(
            st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(["web", "api"])),
            st.tuples(CAUSES, STATES),
            max_size=6,
        ),
        seconds=st.sampled_from([1, 5, 20, 60]),
    )
    def judge(self, cells: dict[tuple[str, str], tuple[Cause, State]], seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        verdicts = [
            verdict(cause, state, country=country, feature=feature, now=self.now)
            for (country, feature), (cause, state) in cells.items()
        ]
        before = self.held
        self.held = advance(before, verdicts, frame(self.now))
        assert [i.id for i in self.held[: len(before)]] == [i.id for i in before]

    @invariant()
    def ids_are_unique(self) -> None:
        assert len({i.id for i in self.held}) == len(self.held)

    @invariant()
    def histories_only_grow_and_alternate(self) -> None:
        for incident in self.held:
            assert len(incident.history) >= self.seen.get(incident.id, 1)
            self.seen[incident.id] = len(incident.history)
            lines = [c.what for c in incident.history]
            assert lines[0] == "opened"
            assert (lines[-1] == "closed") == (incident.closed is not None)
            assert lines.count("reopened") <= lines.count("closed")

    @invariant()
    def open_ones_of_a_cause_do_not_overlap(self) -> None:
        keys = [
            (i.cause, i.service, c)
            for i in self.held
            if i.closed is None
            for c in (i.countries if i.cause in {Cause.FILTERING, Cause.THROTTLING} else ("",))
        ]
        assert len(keys) == len(set(keys))

    @invariant()
    def nothing_closes_before_it_was_last_seen(self) -> None:
        for incident in self.held:
            assert incident.closed is None or incident.closed <= incident.updated <= self.now


Incidents.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestIncidents = Incidents.TestCase


def out(country: str, network: int, cause: Cause, vantages: int = 1) -> Verdict:
    told = verdict(cause, State.LIKELY, country=country, network=network)
    return msgspec.structs.replace(told, vantages=vantages)


def leak(*here: Verdict) -> list[Verdict]:
    """A dependency that fails in Germany, and what is told of Turkey."""
    return [out("DE", 0, DEPENDENCY), out("DE", 1, DEPENDENCY), *here]


DEPENDENCY = Cause.DEPENDENCY_OUTAGE
STRUCK = [out("TR", 0, DEPENDENCY), out("TR", 2, DEPENDENCY), out("TR", 3, Cause.OK)]
UNSEEN = [out("TR", 0, Cause.OK), out("TR", 2, Cause.LOCAL_FAULT, 0), out("TR", 3, Cause.OK)]
SPARED = [out("TR", 0, Cause.OK), out("TR", 2, Cause.OK), out("TR", 3, Cause.OK)]


def test_a_country_stays_while_nobody_can_look_from_the_network_that_suffered() -> None:
    (held,) = run((0, leak(*STRUCK)), *((n, leak(*UNSEEN)) for n in range(1, 9)))
    assert (held.countries, held.networks) == (("DE", "TR"), (1, 2))
    (gone,) = run(*((n, leak(*SPARED)) for n in range(9, 14)), held=(held,))
    assert (gone.countries, gone.networks) == (("DE",), (1,))


def sighted(cause: Cause, *, network: int = 1, vantages: int = 1) -> Verdict:
    return out("TR", network, cause, vantages)


DARK = [sighted(Cause.NETWORK_DISRUPTION, vantages=0), out("TR", 0, Cause.NETWORK_DISRUPTION, 0)]
BESIDE = [sighted(Cause.NETWORK_DISRUPTION, vantages=0), sighted(Cause.OK, network=2)]
HIT = [sighted(Cause.FILTERING), out("TR", 0, Cause.FILTERING)]


@pytest.mark.parametrize("dark", [DARK, [*BESIDE, out("TR", 0, Cause.OK)]])
def test_what_can_no_longer_be_seen_has_not_ended(dark: list[Verdict]) -> None:
    """The country goes dark, or the network that filtered does beside others that are well."""
    (held,) = run((0, HIT), *((n, dark) for n in range(1, 30)))
    assert held.closed is None
    assert held.statement.endswith(BLIND)
    assert [change.what for change in held.history] == ["opened"]
    (again,) = run((30, HIT), held=(held,))
    assert BLIND not in again.statement
    (over,) = run((31, [sighted(Cause.OK)]), (33, [sighted(Cause.OK)]), held=(again,))
    assert over.closed == at(30)
    assert over.statement.startswith("Ended at ")
    assert BLIND not in over.statement


def test_an_end_on_another_day_than_the_beginning_names_it() -> None:
    night = timedelta(hours=14) / ROUND  # from noon on
    hits = [(float(n), HIT) for n in (0, 1, night)]
    (over,) = run(*hits, *((night + n, [sighted(Cause.OK)]) for n in range(1, 9)))
    assert over.statement.startswith(f"Ended at 02:00 UTC on {at(night).day} {at(night):%B}. ")


def test_what_nobody_could_see_for_long_is_closed_and_not_said_to_have_ended() -> None:
    (over,) = run((0, HIT), (1, DARK), (FORGET_ROUNDS, DARK))
    assert over.closed == at(0)
    assert over.statement.startswith("Last seen at 12:00 UTC; no probe there could tell of it")
    assert BLIND not in over.statement


def test_operators_that_nobody_hears_are_not_back_because_others_report() -> None:
    """Only they themselves can say so: their country's other networks were never part of it."""

    def silent(cause: Cause, state: State) -> list[Verdict]:
        return [verdict(cause, state, network=n, feature="", service="") for n in (1, 2)]

    others = [verdict(network=n, feature="", service="") for n in (0, 3)]
    gone = silent(Cause.NETWORK_DISRUPTION, State.SUSPECTED)
    unheard = silent(Cause.LOCAL_FAULT, State.INSUFFICIENT)
    held = run((0, [*gone, *others]), (CLOSE_ROUNDS + 1, [*unheard, *others]))
    assert held[0].closed is None
    back = silent(Cause.OK, State.CONFIRMED)
    (closed,) = run((CLOSE_ROUNDS + 2, [*back, *others]), held=held)
    assert closed.closed is not None


def looked(cause: Cause, seen: datetime | None, *more: Verdict) -> list[Verdict]:
    return [
        msgspec.structs.replace(v, seen=seen) for v in (sighted(cause), out("TR", 0, cause))
    ] + list(more)


def test_it_was_last_seen_at_its_newest_look_however_long_that_speaks_for_it() -> None:
    (held,) = run(*((float(n), looked(Cause.FILTERING, at(0.5))) for n in range(1, 9)))
    assert (held.seen, held.updated) == (at(0.5), at(8))
    (over,) = run((8 + CLOSE_ROUNDS, [sighted(Cause.OK)]), held=(held,))
    assert over.closed == at(0.5)


def test_it_reopens_as_long_after_it_was_last_told_however_old_the_look() -> None:
    told = [(float(n), looked(Cause.FILTERING, at(0))) for n in range(9)]
    held = run(*told, (8 + CLOSE_ROUNDS, [sighted(Cause.OK)]))
    assert len(run((8 + REOPEN_ROUNDS, looked(Cause.FILTERING, at(17))), held=held)) == 1


def test_of_an_end_in_a_gap_it_is_said_between_what_times_it_was() -> None:
    hits = [(float(n), looked(Cause.FILTERING, at(n - 0.2))) for n in (0, 1)]
    gap = [(float(n), DARK) for n in range(2, 120)]
    (held,) = run(*hits, *gap[:40])
    well = [(float(n), [sighted(Cause.OK)]) for n in range(42, 50)]
    (over,) = run(*well, held=(held,))
    assert (over.closed, over.gone) == (at(0.8), at(42))
    assert over.statement.startswith("Ended between 12:00 and 12:03 UTC. ")


def test_a_belief_that_no_look_carries_shows_nothing_new() -> None:
    hits = [(float(n), looked(Cause.FILTERING, at(n))) for n in (0, 1)]
    faint = [
        msgspec.structs.replace(v, state=State.INSUFFICIENT)
        for v in looked(Cause.FILTERING, at(30))
    ]
    (held,) = run(*hits, (30, [*faint, msgspec.structs.replace(sighted(Cause.OK), feature="api")]))
    assert (held.seen, held.updated) == (at(1), at(30))
