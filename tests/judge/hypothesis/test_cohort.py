from __future__ import annotations

from datetime import timedelta

import msgspec

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.cohort import explained, faults
from probe.judge.view import Memory, View
from probe.model import Cause
from tests.judge import worlds as w

GOOD, BAD = "worksforwhom 1.0", "worksforwhom 1.1"


def view(bad: set[str]) -> View:
    builds = {v.id: BAD if v.id in bad else GOOD for v in w.ROSTER}
    return View(now=w.START, round=timedelta(seconds=60), memory=Memory(builds=builds))


def healths(unwell: set[str], condition: Condition = Condition.SILENT) -> list[Health]:
    return [
        Health(vantage=v, condition=condition if v.id in unwell else Condition.WELL)
        for v in w.ROSTER
    ]


EVERY_THIRD = {v.id for v in w.ROSTER[::3]}


def test_a_build_that_falls_silent_everywhere_is_one_fault() -> None:
    (fault,) = faults(healths(EVERY_THIRD), view(EVERY_THIRD))
    assert (fault.cause, fault.name) == (Cause.LOCAL_FAULT, f"build {BAD}")
    assert set(explained([fault])) == EVERY_THIRD


def test_silence_without_anything_shared_is_explained_by_nothing() -> None:
    assert faults(healths(EVERY_THIRD), view(set())) == ()
    scattered = {v.id for v in w.ROSTER[1::3]}
    assert faults(healths(EVERY_THIRD), view(scattered)) == ()


def test_a_country_whose_networks_run_the_build_alone_is_not_blamed_on_it() -> None:
    two = {v.id for v in w.ROSTER if v.country == "TR"}
    assert len({v.asn for v in w.ROSTER if v.country == "TR"}) < 3
    assert faults(healths(two), view(two)) == ()


def test_without_anybody_else_to_compare_nothing_is_said() -> None:
    everyone = {v.id for v in w.ROSTER}
    assert faults(healths(everyone), view(everyone)) == ()


def test_a_public_resolver_needs_failing_names_not_mere_silence() -> None:
    silent = [
        msgspec.structs.replace(h, vantage=msgspec.structs.replace(h.vantage, resolver_asn=13335))
        if h.vantage.id in EVERY_THIRD else h
        for h in healths(EVERY_THIRD)
    ]  # fmt: skip
    assert faults(silent, view(set())) == ()
