"""Which differential tests a failure calls for, by a table, and in which order they are run.

Each splits two rival causes that look the same in the plain chain. But for the pace, QUIC and
encrypted resolvers, also tried at a low background rate, none is run without a failure. Choosing
is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from probe.config.shape import Measuring
from probe.measure.expectation import MET
from probe.measure.failure import (
    BOGON,
    DNS_REFUSED,
    INVALID_CERTIFICATE,
    INVALID_HOSTNAME,
    MISBEHAVING,
    NO_ANSWER,
    NXDOMAIN,
    REFUSED,
    REQUEST_FAILED,
    RESET,
    SERVFAIL,
    TIMEOUT,
    UNKNOWN_AUTHORITY,
)
from probe.measure.goal import Goal
from probe.measure.instruments import Instruments
from probe.measure.resolver import several
from probe.measure.site import PORTS
from probe.measure.step import Mark
from probe.measure.trial import CUT, RUNNERS, slow_hands
from probe.model import (
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)

NAME_FAILED = frozenset(
    {NXDOMAIN, NO_ANSWER, DNS_REFUSED, SERVFAIL, MISBEHAVING, TIMEOUT, REFUSED}
)
NOT_REACHED = frozenset({TIMEOUT, REFUSED, RESET, "host_unreachable"})
CERTIFICATE_REFUSED = frozenset({UNKNOWN_AUTHORITY, INVALID_HOSTNAME, INVALID_CERTIFICATE})
CUT_SHORT = CUT
STREAM_FAILED = frozenset({*CUT, *NOT_REACHED, *CERTIFICATE_REFUSED, REQUEST_FAILED})
"""How a resolver over a stream is lost besides."""
SLOW_BYTES = 16 * 1024
"""What is shorter says nothing of a pace."""
SLOW_BYTES_A_SECOND = 20 * 1024
"""Just above the plateaus of throttles that were measured (130 to 150 kbit/s)."""

SLOW_ROUND_TRIPS = 8
"""Where round trips are long a whole answer takes several of them."""

HTTP = PORTS["http"]

Seen = Sequence[Observation]
Call = Callable[[Seen], bool]


# ── what calls for a test ────────────────────────────────────────────────────────────────────


def _failed(layer: type[Observation], names: frozenset[str], *, every: bool = False) -> Call:
    """Call where the layer failed so; with `every`, at every address or for every question."""

    def calls(seen: Seen) -> bool:
        steps = [step.failure for step in seen if isinstance(step, layer)]
        return (all(steps) or not every) and any(f and f.name in names for f in steps)

    return calls


def _plain_trouble(seen: Seen) -> bool:
    """A request over plain HTTP was cut, or answered by what may be anybody's page."""
    return any(
        isinstance(step, HttpExchange) and step.url.startswith("http:") and _troubled(step)
        for step in seen
    )


def _untried(seen: Seen) -> bool:
    """The name has addresses that the chain had no room for."""
    tried = {step.address for step in seen if isinstance(step, TcpConnect)}
    named = [step for step in seen if isinstance(step, DnsLookup) and step.failure is None]
    return bool(tried) and not {a for step in named for a in step.answers} <= tried


def _broke_off(seen: Seen) -> bool:
    """A request within TLS was cut, or its answer crawls for so near a server."""
    trips = {step.address: step.took for step in seen if isinstance(step, TcpConnect)}
    return any(
        isinstance(step, HttpExchange)
        and step.url.startswith("https:")
        and (
            (step.failure is not None and step.failure.name in CUT_SHORT)
            or (is_slow(step) and step.took > SLOW_ROUND_TRIPS * trips.get(step.address, 0.0))
        )
        for step in seen
    )


def is_slow(step: HttpExchange) -> bool:
    enough = step.length >= SLOW_BYTES
    return enough and step.took > 0 and step.length / step.took < SLOW_BYTES_A_SECOND


def _troubled(step: HttpExchange) -> bool:
    if step.failure is not None:
        return step.failure.name in CUT_SHORT
    return step.expectation is not None and step.expectation is not MET


_unreached = _failed(TcpConnect, NOT_REACHED, every=True)
_cut = _failed(TlsHandshake, CUT_SHORT)
CALLS: tuple[tuple[DifferentialTest, Call], ...] = (
    (
        DifferentialTest.SECOND_RESOLVER,
        _failed(DnsLookup, NAME_FAILED | STREAM_FAILED, every=True),
    ),
    (DifferentialTest.SECOND_RESOLVER, _failed(DnsLookup, frozenset({BOGON}))),
    (DifferentialTest.SECOND_RESOLVER, _unreached),
    (DifferentialTest.SECOND_RESOLVER, _failed(TlsHandshake, CERTIFICATE_REFUSED)),
    (DifferentialTest.CERTIFICATE, _plain_trouble),
    (DifferentialTest.SECOND_ADDRESS, lambda seen: _unreached(seen) and _untried(seen)),
    (DifferentialTest.NEUTRAL_NAME, _cut),
    (DifferentialTest.NEUTRAL_NAME, lambda seen: bool(slow_hands(seen))),
    (DifferentialTest.OWN_ADDRESS, _cut),
    (DifferentialTest.OWN_ADDRESS, _unreached),
    (DifferentialTest.HOST_SWAP, _plain_trouble),
    (DifferentialTest.OTHER_PORT, _unreached),
    (DifferentialTest.PATH, _unreached),
    (DifferentialTest.GOODPUT, _broke_off),
    (DifferentialTest.QUIC, _unreached),
    (DifferentialTest.QUIC, _cut),
)
"""Any row of a test is enough to call for it."""


# ── choosing ─────────────────────────────────────────────────────────────────────────────────


def is_troubled(observations: Seen) -> bool:
    """Tell whether there may be anything to test: a failure, an answer that is not right, or late."""
    shaken = False
    for step in observations:
        if step.test is not None:
            continue
        if step.failure is not None:
            return True
        if type(step) is HttpExchange and (_troubled(step) or is_slow(step)):
            return True
        shaken = shaken or type(step) is TlsHandshake
    return shaken and bool(slow_hands([step for step in observations if step.test is None]))


def next_tests(
    observations: Seen, settings: Measuring, *, background: bool = False
) -> tuple[DifferentialTest, ...]:
    """Choose by what failed on the last hop; each test once, cheapest first. Pure.

    `background`: the pace, QUIC, and encrypted resolvers, are tried though nothing failed.
    """
    last = last_hop(observations)
    called = {test for test, calls in CALLS if calls(last)}
    if background and any(isinstance(step, HttpExchange) for step in last):
        called |= {DifferentialTest.GOODPUT, DifferentialTest.QUIC}
    if background and asks_encrypted(settings):
        called.add(DifferentialTest.SECOND_RESOLVER)
    possible = _possible(last, settings)
    return tuple(test for test in DifferentialTest if test in called and possible[test])


def asks_encrypted(settings: Measuring) -> bool:
    return any(server.encrypted for server in several(settings.second_resolver))


def last_hop(observations: Seen) -> tuple[Observation, ...]:
    plain = [seen for seen in observations if seen.test is None]
    hop = max((seen.hop for seen in plain), default=0)
    return tuple(seen for seen in plain if seen.hop == hop)


def _possible(last: Seen, settings: Measuring) -> dict[DifferentialTest, bool]:
    """Say what the configuration has the means for, and an endpoint without a name makes sense."""
    named = any(isinstance(seen, DnsLookup) for seen in last)
    neutral = bool(settings.neutral_name)
    own = settings.reference is not None and named and neutral
    return {
        DifferentialTest.SECOND_RESOLVER: bool(several(settings.second_resolver)) and named,
        DifferentialTest.CERTIFICATE: named,
        DifferentialTest.SECOND_ADDRESS: True,
        DifferentialTest.NEUTRAL_NAME: neutral,
        DifferentialTest.OWN_ADDRESS: own,
        DifferentialTest.HOST_SWAP: neutral and named,
        DifferentialTest.OTHER_PORT: named,
        DifferentialTest.PATH: own and settings.trace,
        DifferentialTest.GOODPUT: own,
        DifferentialTest.QUIC: settings.quic and named and _secured(last),
    }


def _secured(last: Seen) -> bool:
    """Tell whether it is TLS that was meant, as far as steps that failed early say."""
    return any(
        isinstance(seen, TlsHandshake) or (isinstance(seen, TcpConnect) and seen.port != HTTP)
        for seen in last
    )


async def diagnose(
    goal: Goal, observations: Seen, tools: Instruments, *, background: bool = False
) -> tuple[Observation, ...]:
    """Run what `next_tests` chooses for the last hop, whose goal this is, within the budget."""
    last = last_hop(observations)
    seen: list[Observation] = []
    for test in next_tests(observations, tools.settings, background=background):
        if not tools.budget.take(tools.clock.monotonic()):
            break
        mark = Mark(hop=last[0].hop, test=test)
        seen.extend(await RUNNERS[test](goal, last, tools, mark))
    return tuple(seen)
