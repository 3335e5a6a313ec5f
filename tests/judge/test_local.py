"""What is wrong with the vantage itself is never read as interference, whatever it is called."""

import msgspec
import pytest

from probe.agent.health import NAMES
from probe.judge.control import Reference, reference
from probe.judge.health import HARMLESS, spoilt
from probe.judge.reading import read
from probe.judge.row import Row
from probe.judge.rules import MAIN
from probe.judge.sight import OWN_FAILURES, UNREACHABLE
from probe.judge.told import Told
from probe.measure.failure import ERRNOS
from probe.model import Author, Cause, Health, Observation, Standing
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
ABROAD = w.Case(
    next(v for v in w.ROSTER if v.country == "DE"), "chirp", "web", "chirp-web", w.START
)
KNOWN: Reference = reference(Told([read(w.measurement(ABROAD, w.ok(ABROAD)))]))
PATH = {
    *("connection_refused", "connection_reset", "connection_aborted", "network_reset"),
    "generic_timeout_error",
}
"""What the path or the far side can do to a connection; UNREACHABLE can be either's."""
LOCAL = sorted({*ERRNOS.values()} - PATH - UNREACHABLE)


def steps(name: str, layer: str) -> tuple[Observation, ...]:
    before = (w.dns(CASE, CASE.address), w.tcp(CASE, CASE.address), w.tls(CASE, CASE.address))
    return {
        "dns": (w.dns(CASE, failure=name),),
        "tcp": (before[0], w.tcp(CASE, CASE.address, name)),
        "tls": (*before[:2], w.tls(CASE, CASE.address, name)),
        "http": (*before, w.http(CASE, CASE.address, failure=name)),
    }[layer]


def main(observations: tuple[Observation, ...]) -> Row:
    sight = read(w.measurement(CASE, observations))
    return next(row for row in MAIN if row.condition(sight, KNOWN))


@pytest.mark.parametrize("layer", ["dns", "tcp", "tls", "http"])
@pytest.mark.parametrize("name", LOCAL)
def test_a_fault_of_one_s_own_stack_is_one_s_own(name: str, layer: str) -> None:
    row = main(steps(name, layer))
    assert (row.id, row.standing) == ("local.own_stack", Standing.UNINTERPRETABLE)
    assert not row.mechanism


@pytest.mark.parametrize("layer", ["dns", "tcp", "tls", "http"])
@pytest.mark.parametrize("name", sorted(UNREACHABLE))
def test_a_route_that_is_missing_is_nobody_s_evidence(name: str, layer: str) -> None:
    row = main(steps(name, layer))
    assert row.author is Author.NOBODY
    assert row.weights.get(Cause.FILTERING, 0.0) <= 0


def test_all_names_of_the_table_are_the_path_s_or_one_s_own() -> None:
    assert set(LOCAL) <= OWN_FAILURES


@pytest.mark.parametrize("reason", NAMES)
def test_a_vantage_that_says_it_is_unwell_has_no_vote(reason: str) -> None:
    plain = w.measurement(CASE, w.sni_reset(CASE))
    seen = msgspec.structs.replace(plain, health=Health(reason=reason))
    assert spoilt(seen) is (reason not in HARMLESS)
    assert spoilt(read(seen)) is spoilt(seen)


def test_what_harms_no_vote_is_told_otherwise() -> None:
    assert {"ipv6_broken", "offline"} == HARMLESS - {""}
    six = w.tcp(CASE, "2001:db8::1", "generic_timeout_error")
    assert main((w.dns(CASE, CASE.address), six, *w.ok(CASE)[1:])).id == "ok.met"
