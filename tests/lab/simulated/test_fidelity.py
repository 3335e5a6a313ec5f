"""The two kinds of lab agree: what the real chain measures over real packets is what is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest

from probe.judge.rules import THROTTLED
from probe.judge.trials import trials
from probe.lab.kernel.world import playable
from probe.lab.simulated.act import ALL_FLOWS
from probe.lab.simulated.force import Forces
from probe.lab.simulated.mechanism import MECHANISMS
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.walk import walk
from probe.measure.goal import depth
from probe.model import (
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Measurement,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
)
from tests.lab.kernel.inside import needs_namespaces
from tests.lab.simulated.played import (
    ABROAD,
    CHANCE,
    FAULTS,
    HERE,
    NAMED,
    PLACED,
    Seen,
    asked,
    scenario,
    slug,
)
from tests.lab.simulated.worlds import everyone, main_rule

pytestmark = needs_namespaces

SCENARIO = scenario()
SEATS = {(s.prober.vantage.id, s.target.endpoint): s for s in everyone(SCENARIO)}
VANTAGES = sorted({vantage for vantage, _ in SEATS})
BY_CHANCE = {slug(name) for name in CHANCE}
CASES = [
    (vantage, endpoint.id)
    for vantage in VANTAGES
    for endpoint in asked(vantage)
    if endpoint.id not in BY_CHANCE
]
FORCES = Forces(SCENARIO, SEATS.values())
DICE = range(12)
"""What forgers say, and in which order addresses are tried, is chance in both kinds."""

Gist = tuple[object, ...]


def simulated(seat: Seat, dice: int = 0) -> tuple[Observation, ...]:
    hits = [(act, ALL_FLOWS) for act in FORCES.force(seat, 0.0).sure]
    return walk(seat, hits, Random(dice)).observations  # noqa: S311 — chance, no secret


def gist(observations: Sequence[Observation]) -> tuple[Gist, ...]:
    return tuple(map(told, observations))


def told(step: Observation) -> Gist:
    head = (type(step).__name__, step.hop, step.test, step.failure.name if step.failure else "")
    match step:
        case HttpExchange() if step.test is DifferentialTest.GOODPUT:
            return head[:3]  # how far a slow flow comes in time is a matter of the machine
        case HttpExchange():
            page = (step.status, step.expectation, step.matched, step.title, step.length)
            return (*head, *(page if step.failure is None else ()), bool(step.location))
        case DnsLookup():
            said = (step.query, len(step.answers), len(step.late), step.rcode)
            return (*head, *said, step.transport, step.failed_at)
        case TcpConnect():
            return (*head, step.port, step.ttl, step.router)
        case TlsHandshake() | QuicHandshake():
            return (*head, step.port)


@pytest.mark.parametrize(("vantage", "endpoint"), CASES)
def test_the_real_chain_sees_what_is_simulated(vantage: str, endpoint: str, seen: Seen) -> None:
    seat = SEATS[vantage, endpoint]
    possible = {gist(simulated(seat, dice)) for dice in DICE}
    assert gist(seen[vantage][endpoint]) in possible


def rule(seat: Seat, observations: tuple[Observation, ...]) -> str:
    """The judge's main rule for it, beside a well view from another country."""
    abroad = SEATS[ABROAD, seat.target.endpoint]
    beside = walk(abroad, (), Random(0)).observations  # noqa: S311 — as above
    return main_rule(measurement(seat, observations), measurement(abroad, beside)).id


def paced(observations: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """Give them the pace of an idle machine: this one may have other work."""
    return tuple(
        msgspec.structs.replace(step, took=0.02, first_byte=0.01)
        if isinstance(step, HttpExchange)
        else msgspec.structs.replace(step, took=0.02)
        for step in observations
    )


def measurement(seat: Seat, observations: tuple[Observation, ...]) -> Measurement:
    """Of the scenario's first second, whenever it was made."""
    steps = tuple(msgspec.structs.replace(step, at=EPOCH) for step in observations)
    return Measurement(
        # The judge caches what it read by id and equality, and breaks ties by id.
        id=f"{seat.number:06}",
        at=EPOCH,
        took=1.0,
        vantage=seat.prober.vantage,
        target=seat.target,
        observations=steps,
        goal=depth(seat.page.endpoint.url),
    )


@pytest.mark.parametrize(
    "endpoint", [e.id for e in asked(HERE) if (ABROAD, e.id) in SEATS and e.id not in BY_CHANCE]
)
def test_the_judge_reads_both_alike(endpoint: str, seen: Seen) -> None:
    seat = SEATS[HERE, endpoint]
    possible = {rule(seat, simulated(seat, dice)) for dice in DICE}
    real = seen[HERE][endpoint]
    told = real if endpoint.startswith(("throttle", "slow")) else paced(real)
    assert rule(seat, told) in possible


def test_what_hangs_on_a_name_follows_it_to_a_server_of_ours_and_a_null_route_does_not(
    seen: Seen,
) -> None:
    """Over real packets, as the judge reads them."""
    here = {name: trials(seen[HERE][slug(name)]) for name in NAMED}
    for name in ("tls.sni_rst", "tls.sni_drop", "residual.4tuple", "scope.per_isp"):
        assert here[name].name_follows is True, name
    for name in ("ip.nullroute", "tcp.rst_on_syn", "tcp.syn_drop", "tcp.port_protocol_filter"):
        assert here[name].name_follows is False, name
    for name in ("http.host_rst", "http.blockpage_200", "http.451"):
        assert (here[name].host_passes, here[name].host_follows) == (True, True), name
    assert here["tls.sni_tail_freeze"].frozen > 0
    policed = here["throttle.sni_policing"]
    assert (policed.pace or 1.0) < THROTTLED
    assert not policed.frozen
    assert 8_000 < policed.held < 32_000  # it is set to 16,250 bytes a second
    assert {name for name, found in here.items() if found.held} <= {"throttle.sni_policing"}
    assert here["ip.nullroute"].port_answers is False
    assert here["tcp.syn_drop"].port_answers is True


def test_all_that_both_kinds_know_is_compared() -> None:
    compared = {*NAMED, *CHANCE, *PLACED, *(str(told["mechanism"]) for told in FAULTS.values())}
    beyond = {"local.agent_killed", "lab.correlator_killed"}  # nothing is measured
    assert set(playable()) - beyond == compared
    assert compared <= set(MECHANISMS)
