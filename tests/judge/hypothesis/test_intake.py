"""Whose silence is believed, and whose may be ours."""

from __future__ import annotations

from datetime import datetime, timedelta

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.intake import believed, compared
from probe.judge.view import Memory, Rhythm, View
from probe.model import Vantage
from tests.judge import worlds as w

ROUND = timedelta(seconds=60)
NOW = w.START + timedelta(hours=3)
COUNTRIES = ("TR", "DE", "US", "JP", "BR", "IN", "NG", "ZA")
ROSTER = w.networks(*((country, 100 * n, (1, 1)) for n, country in enumerate(COUNTRIES, 1)))


def of(*countries: str) -> list[Vantage]:
    return [v for v in ROSTER if v.country in countries]


def health(
    vantage: Vantage, condition: Condition = Condition.WELL, minutes: float = 10, *, shown: bool = False
) -> Health:  # fmt: skip
    since = None if condition is Condition.WELL else NOW - timedelta(minutes=minutes)
    return Health(vantage=vantage, condition=condition, since=since, shown=shown)


def frame(first: dict[str, datetime] | None = None) -> View:
    """One in which some vantages were heard first at a time, and all others always."""
    known = {v.id: (first or {}).get(v.id) for v in ROSTER}
    rhythms = {name: Rhythm(first=at, heard=NOW, seen=NOW) for name, at in known.items()}
    return View(now=NOW, round=ROUND, memory=Memory(rhythms=rhythms))


def countries(healths: list[Health], view: View) -> set[str]:
    """The countries that have any vantage whose trouble is believed."""
    told = believed(healths, view)
    return {h.vantage.country for h in healths if h.vantage.id in told}


def silent(*lost: str, minutes: float = 10) -> list[Health]:
    return [
        health(v, Condition.SILENT if v.country in lost else Condition.WELL, minutes)
        for v in ROSTER
    ]


def test_the_silence_of_one_country_is_its_own() -> None:
    assert countries(silent("TR"), frame()) == set(COUNTRIES)
    assert countries(silent("TR", "NG"), frame()) == set(COUNTRIES)


def test_a_silence_that_began_before_anybody_else_was_heard_says_nothing() -> None:
    """Such is a country whose clocks are all two hours behind."""
    came = NOW - timedelta(minutes=30)
    late = frame({v.id: came for v in ROSTER if v.country != "TR"})
    assert "TR" not in countries(silent("TR", minutes=120), late)
    assert "TR" in countries(silent("TR", minutes=25), late)


def test_one_who_was_there_may_be_as_wrong_as_they_are() -> None:
    came = NOW - timedelta(minutes=30)
    first = {v.id: came for v in ROSTER if v.country != "TR"}
    alone = dict(list(first.items())[1:])
    two = dict(list(first.items())[2:])
    assert "TR" not in countries(silent("TR", minutes=120), frame(alone))
    assert "TR" in countries(silent("TR", minutes=120), frame(two))


def test_who_cannot_be_compared_is_no_part_of_what_is_shared_either() -> None:
    late = frame({v.id: NOW for v in ROSTER if v.country == "TR"})
    lost = silent(*set(COUNTRIES) - {"TR"}, minutes=120)
    assert {h.vantage.country for h in compared(lost, late)} == {"TR"}
    assert compared(lost, frame()) == lost


def test_of_a_small_fleet_the_only_one_elsewhere_is_enough() -> None:
    lost = [health(v, Condition.SILENT) for v in of("TR")[:1]]
    assert countries([*lost, health(of("DE")[0])], frame()) == {"TR"}
    assert believed(lost, frame()) == frozenset()


def test_what_was_measured_needs_no_witness_of_its_beginning() -> None:
    late = frame({v.id: NOW for v in ROSTER if v.country != "TR"})
    cut = [health(v, Condition.CUT, 120, shown=True) for v in of("TR")]
    assert "TR" in countries([*cut, *(health(v) for v in of("DE", "US", "JP"))], late)


def test_most_of_all_silent_at_once_is_our_intake() -> None:
    assert believed(silent(*COUNTRIES[:5]), frame()) == frozenset()


def test_several_countries_that_fall_silent_in_the_same_minutes_are_lost_to_us() -> None:
    assert countries(silent("TR", "NG", "ZA"), frame()) == set(COUNTRIES) - {"TR", "NG", "ZA"}


def test_hours_apart_each_is_its_own() -> None:
    lost = {"TR": 10.0, "NG": 40.0, "ZA": 90.0}
    held = [
        health(v, Condition.SILENT, lost[v.country]) if v.country in lost else health(v)
        for v in ROSTER
    ]
    assert countries(held, frame()) == set(COUNTRIES)


def test_what_some_of_them_measured_before_is_no_fault_of_ours() -> None:
    held = [
        health(v, Condition.SILENT, shown=v.country == "TR")
        if v.country in {"TR", "NG", "ZA"} else health(v)
        for v in ROSTER
    ]  # fmt: skip
    assert "TR" in countries(held, frame())


def test_a_lone_vantage_that_is_turned_off_takes_no_country_with_it() -> None:
    gone = {"TR", "NG", "ZA"}
    alone = [v for v in ROSTER if v.country != "NG"] + of("NG")[:1]
    held = [health(v, Condition.SILENT) if v.country in gone else health(v) for v in alone]
    assert countries(held, frame()) == set(COUNTRIES)
