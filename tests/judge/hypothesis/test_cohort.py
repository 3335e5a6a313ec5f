from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.cohort import explained, faults
from probe.judge.reading import read
from probe.judge.view import Memory, View
from probe.model import CONTROL, Cause, Reach
from probe.model import Health as Said
from tests.judge import worlds as w
from tests.judge.examined import examined

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


def test_a_resolver_that_was_asked_for_its_network_is_shared_by_who_uses_it() -> None:
    """Where no configuration says whose it is: vantages of several networks stand on it."""
    case = w.Case(w.ROSTER[0], CONTROL, Reach.FOREIGN, "there", w.START)
    unnamed = read(w.measurement(case, (w.dns(case, failure="dns_servfail_error"),)))
    broken = {"condition": Condition.BROKEN, "controls": (unnamed,), "resolver": "9.9.0.0/16"}
    held = [
        msgspec.structs.replace(h, **broken) if h.vantage.id in EVERY_THIRD else h
        for h in healths(set())
    ]
    (fault,) = faults(held, view(set()))
    assert (fault.cause, fault.name) == (Cause.DEPENDENCY_OUTAGE, "resolver in 9.9.0.0/16")
    assert set(explained([fault])) == EVERY_THIRD
    (network,) = {w.ROSTER[0].asn}
    own = [h for h in held if h.vantage.asn == network or h.condition is Condition.WELL]
    assert faults(own, view(set())) == (), "an operator's own is the operator's"


def test_the_latest_word_of_a_vantage_says_which_resolver_answers_it() -> None:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
    told = [
        read(
            msgspec.structs.replace(
                w.measurement(replace(case, at=case.at + timedelta(seconds=n)), w.ok(case)),
                health=Said(resolver=network),
            )
        )
        for n, network in enumerate(["9.9.0.0/16", "1.1.0.0/16"])
    ]
    now = View(now=w.START + timedelta(seconds=5), round=timedelta(seconds=60))
    assert examined(told, now)[case.vantage.id].resolver == "1.1.0.0/16"


def test_a_build_that_everybody_runs_explains_nothing() -> None:
    """Those who have told of no build yet may have the same, and a few do not tell enough."""
    told = view(EVERY_THIRD)
    unknown = {v: build for v, build in told.memory.builds.items() if build == BAD}
    unread = msgspec.structs.replace(told, memory=Memory(builds=unknown))
    assert faults(healths(EVERY_THIRD), told)
    assert faults(healths(EVERY_THIRD), unread) == ()
    few = {v.id for v in w.ROSTER[:2]}
    most = {v.id for v in w.ROSTER} - few
    assert faults(healths(most), view(most)) == ()
