"""What the differential tests beyond the target show: at a server of ours, at other places."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from probe.model import (
    ENCRYPTED,
    SHARED,
    UNNAMED,
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Layer,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
)

CUT = frozenset({
    "connection_reset", "connection_aborted", "eof_error", "generic_timeout_error", "timed_out",
    "ssl_failed_handshake",
})  # fmt: skip
"""How a middlebox ends a connection; an alert or another page is a server's doing."""


class Trials(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """None is untried, or tried and not told apart."""

    name_follows: bool | None = None
    """The target's name is cut at a server of ours too, where a harmless one is not."""
    host_passes: bool | None = None
    """At the target's address a harmless Host is answered."""
    host_follows: bool | None = None
    """The target's Host is cut, or answered in our place, at a server of ours."""
    port_answers: bool | None = None
    """Another port at the target's address takes connections."""
    address_answers: bool | None = None
    """Another of the name's addresses takes connections."""
    pace: float | None = None
    """From a server of ours, the bytes a second under the target's name by those under another."""
    frozen: int = 0
    """Bytes that came from there under the target's name before they came no more."""
    held: float = 0.0
    """Bytes a second at which the target's name was held from there, quarter by quarter, while the
    same came far faster under another; 0 where it was not."""
    shaken: float | None = None
    """Seconds by which hands were shaken later there under the target's name than under another."""
    neutral: float | None = None
    """Seconds until hands were shaken at the target's address under a harmless name."""
    rested: bool | None = None
    """After a time of rest a harmless name passed at the target's address, before any other was said."""
    plain: tuple[str, ...] = ()
    """Addresses from other resolvers, asked in the clear."""
    unheard: bool = False
    """Every other resolver that answered says that it learnt nothing from the name's own servers."""
    sealed: tuple[str, ...] = ()
    """The encrypted resolvers that answered, each by transport, address and name."""
    cut: str = ""
    """One that was not reached, though plain DNS at its address, or a harmless name, passes."""
    closed: bool = False
    """That one refuses connections, as one does that never served."""
    near: bool | None = None
    """Packets to the address end on the way that those to a server of ours take as well, and go on;
    False where they come to the address's own network."""
    spoken: tuple[str, ...] = ()
    """Where hands were shaken over QUIC, each by address and port."""
    muted: str = ""
    """A server of ours that nothing reached over QUIC, as nothing reached the target."""
    reached: bool = False
    """It takes connections over TCP."""
    dropped: bool = False
    """Over QUIC the target's name is lost at a server of ours, where a harmless one passes."""
    proven: bool = False
    """The target shook hands over QUIC, under a certificate that is good for its name."""


UNTRIED = Trials()


def trials(observations: Iterable[Observation]) -> Trials:
    by_test: dict[DifferentialTest, list[Observation]] = {}
    for step in observations:
        if step.test is not None:
            by_test.setdefault(step.test, []).append(step)
    if by_test.keys().isdisjoint(READ):
        return UNTRIED
    port = by_test.get(DifferentialTest.OTHER_PORT)
    other = by_test.get(DifferentialTest.SECOND_ADDRESS)
    here, follows = _swap(by_test.get(DifferentialTest.HOST_SWAP, []))
    beyond = by_test.get(DifferentialTest.SECOND_RESOLVER, [])
    elsewhere = [step for step in beyond if isinstance(step, DnsLookup)]
    lost = _lost(elsewhere, beyond)
    fetched = _visits(by_test.get(DifferentialTest.GOODPUT, []))
    pace, frozen = _goodput(fetched)
    ours, named, target = _parties(by_test.get(DifferentialTest.QUIC, []))
    return Trials(
        name_follows=_name_follows(by_test.get(DifferentialTest.OWN_ADDRESS, [])),
        host_passes=here,
        host_follows=follows,
        port_answers=None if not port else port[0].failure is None,
        address_answers=None if not other else other[0].failure is None,
        pace=pace,
        frozen=frozen,
        held=_held(fetched),
        shaken=_shaken(fetched),
        neutral=_way(by_test.get(DifferentialTest.NEUTRAL_NAME, [])),
        rested=_rested(by_test.get(DifferentialTest.AFTER, [])),
        plain=_plain(elsewhere),
        unheard=_unheard(elsewhere),
        sealed=tuple(_resolver(s) for s in elsewhere if _sealed(s) and s.failed_at is None),
        cut=_resolver(lost) if lost else "",
        closed=lost is not None and lost.failure is not None and lost.failure.name == REFUSED,
        near=_near(by_test.get(DifferentialTest.PATH, [])),
        spoken=tuple(dict.fromkeys(_place(s) for s in (ours, named, target) if _shook(s))),
        muted=_place(ours) if _lost_udp(ours) and _lost_udp(target) else "",
        reached=_connected(by_test.get(DifferentialTest.OWN_ADDRESS, [])),
        dropped=_shook(ours) and _lost_udp(named),
        proven=_shook(target),
    )


def told_beside(found: Trials) -> bool:
    """Whether anything is told of the place, or of its neighbours, that a whole answer does not tell."""
    return bool(found.cut or found.sealed or found.spoken or found.muted)


READ = frozenset({
    DifferentialTest.OTHER_PORT, DifferentialTest.SECOND_ADDRESS, DifferentialTest.HOST_SWAP,
    DifferentialTest.GOODPUT, DifferentialTest.OWN_ADDRESS, DifferentialTest.SECOND_RESOLVER,
    DifferentialTest.PATH, DifferentialTest.QUIC, DifferentialTest.AFTER, DifferentialTest.NEUTRAL_NAME,
})  # fmt: skip


REFUSED = "connection_refused"
SERVFAIL = "dns_servfail_error"
UNREACHED = CUT | {REFUSED, "host_unreachable"}


Party = QuicHandshake | None


def _parties(steps: Iterable[Observation]) -> tuple[Party, Party, Party]:
    """Tell apart who was asked: a server of ours under both names, and the target, which is last."""
    asked = [step for step in steps if isinstance(step, QuicHandshake)]
    match asked:
        case [target]:
            return None, None, target
        case [ours, target] if _place(ours) != _place(target):
            return ours, None, target
        case [ours, named, target] if _place(ours) == _place(named) != _place(target):
            return ours, named, target
    return None, None, None


def _place(step: Party) -> str:
    return f"{step.address} {step.port}" if step is not None else ""


def _shook(step: Party) -> bool:
    return step is not None and step.failure is None


def _lost_udp(step: Party) -> bool:
    """Whether it was lost on the way: a refusal, or an alert, is somebody's word."""
    return step is not None and _cut((step,))


def _connected(steps: Iterable[Observation]) -> bool:
    return any(isinstance(step, TcpConnect) and step.failure is None for step in steps)


def _sealed(lookup: DnsLookup) -> bool:
    return lookup.transport in ENCRYPTED


def _resolver(lookup: DnsLookup) -> str:
    return f"{lookup.transport} {lookup.resolver} {lookup.server_name}"


def _plain(elsewhere: Iterable[DnsLookup]) -> tuple[str, ...]:
    given = [address for step in elsewhere if not _sealed(step) for address in step.answers]
    return tuple(dict.fromkeys(given))


def _unheard(elsewhere: Sequence[DnsLookup]) -> bool:
    """Who drops questions leaves them unanswered: silence is nobody's word."""
    failed = [step.failure for step in elsewhere if step.failure is not None]
    coded = {s.failure.name for s in elsewhere if s.failure is not None and s.rcode is not None}
    told = coded | {failure.name for failure in failed if failure.name == SERVFAIL}
    return told == {SERVFAIL} and len(failed) == len(elsewhere)


def _lost(elsewhere: Iterable[DnsLookup], beyond: Iterable[Observation]) -> DnsLookup | None:
    """Find an encrypted resolver that is not reached, while its neighbours on the way are."""
    answered = {s.resolver for s in elsewhere if not _sealed(s) and s.rcode is not None}
    spoken = {s.address for s in beyond if isinstance(s, TlsHandshake) and not _cut((s,))}
    lost = (s for s in elsewhere if _sealed(s) and _unreached(s) and _public(s.resolver))
    return next((s for s in lost if s.resolver in answered or s.resolver in spoken), None)


def _unreached(lookup: DnsLookup) -> bool:
    early = lookup.failed_at in {Layer.TCP, Layer.TLS}
    return early and lookup.failure is not None and lookup.failure.name in UNREACHED


def _public(resolver: str) -> bool:
    """Whether it is named by an address: of private ones only that is told."""
    try:
        return ipaddress.ip_address(resolver).is_global
    except ValueError:
        return False


def _name_follows(steps: Sequence[Observation]) -> bool | None:
    """Hold the visit under the target's name, which comes last, against the one before."""
    shaken = [step for step in steps if isinstance(step, TlsHandshake)]
    controlled = bool(shaken) and shaken[0].failure is None
    if not controlled or len(steps) <= len(WHOLE_VISIT):
        return None
    return _cut(steps[len(WHOLE_VISIT) :])


WHOLE_VISIT = ("tcp", "tls")
EVEN = 2.0
"""By how much the times of quarters may differ under a policer: what it drops is sent again late."""
STALL = 2.0
"""So many quarters' time without a byte is no pause of a slow flow."""
FASTER = 3.0
"""How much faster the control comes at least: a line that is slow is so for all names."""


UNFELT = 160_000.0
"""Bytes a second, ten times what policers are known to leave (130–150 kbit/s: Xue et al., IMC 2021):
so fast a test of 64 KiB lasts no longer than what a busy machine, or one lost packet, adds to it."""


def _rested(steps: Sequence[Observation]) -> bool | None:
    """A visit that got as far as a name is said, and was not cut there."""
    if not steps:
        return None
    failed = [s.failure.name for s in steps if s.failure is not None and s.failure.alert is None]
    return len(steps) > 1 and not UNREACHED.intersection(failed)


def _swap(steps: Sequence[Observation]) -> tuple[bool | None, bool | None]:
    """Read the harmless Host at the target, then at ours, then the target's at ours."""
    visits = _visits(steps)
    here = not _cut(visits[0]) if visits else None
    if len(visits) < 3 or _cut(visits[1]):  # noqa: PLR2004 — as said
        return here, None
    return here, _cut(visits[2]) or _digest(visits[2]) != _digest(visits[1])


def _visits(steps: Sequence[Observation]) -> list[list[Observation]]:
    """Part the steps where a connection begins."""
    parted: list[list[Observation]] = []
    for step in steps:
        if isinstance(step, TcpConnect):
            parted.append([])
        if parted:
            parted[-1].append(step)
    return parted


def _goodput(visits: Sequence[Sequence[Observation]]) -> tuple[float | None, int]:
    control, named = _both(visits)
    if control is None or control.failure is not None or named is None:
        return None, 0
    if named.failure is None or _flows(named):
        return _pace(_rate(named), _rate(control)), 0
    if named.failure.name in CUT and max(named.received, named.length):
        return None, max(named.received, named.length)
    return None, 0


def _pace(named: float, control: float) -> float | None:
    """The one by the other; None where the one is far slower, and still too fast to say of what."""
    unclear = named >= UNFELT and named * FASTER < control
    return None if unclear else named / control


def _near(steps: Sequence[Observation]) -> bool | None:
    """Hold the target's trace against the control's, which comes first."""
    ways: dict[str, list[TcpConnect]] = {}
    for step in steps:
        if isinstance(step, TcpConnect):
            ways.setdefault(step.address, []).append(step)
    if len(ways) != 2 or any(step.failure is None for step in [*ways.values()][1]):  # noqa: PLR2004 — as said
        return None
    control, target = ways.values()
    last = max((step for step in target if step.router), key=lambda s: s.ttl, default=None)
    if last is None or last.router == UNNAMED:
        return None
    if last.router != SHARED:
        return False if _within(last.address, last.router) else None
    beyond = (s for s in control if s.ttl > last.ttl and (s.router or s.failure is None))
    return True if any(beyond) else None


def _within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:  # an agent may say anything
        return False


def _both(
    visits: Sequence[Sequence[Observation]],
) -> tuple[HttpExchange | None, HttpExchange | None]:
    """The control's answer, and that of what it is the control of."""
    ends = [visit[-1] for visit in visits[:2]]
    answers = [end if isinstance(end, HttpExchange) else None for end in ends]
    return (answers[0], answers[1]) if len(answers) > 1 else (None, None)


def _held(visits: Sequence[Sequence[Observation]]) -> float:
    """After what a policer lets through at once, each quarter takes as long as the others."""
    control, named = _both(visits)
    if control is None or named is None or control.failure:
        return 0.0
    if named.failure and not _flows(named):
        return 0.0
    free, each = _later(control), _later(named)
    if not free or not each or min(each) <= 0 or max(each) > EVEN * min(each):
        return 0.0
    rate = named.length * 3 / 4 / sum(each)
    return rate if rate < UNFELT and sum(free) * FASTER <= sum(each) else 0.0


def _flows(step: HttpExchange) -> bool:
    """Whether it was late because it crawled, not because it froze: bytes came until the end."""
    silent = step.took - step.first_byte - (step.quarters[-1] if step.quarters else 0.0)
    return bool(step.quarters) and silent <= STALL * max(_later(step))


def _later(step: HttpExchange) -> list[float]:
    """How long each quarter but the first took."""
    return [end - start for start, end in pairwise(step.quarters)]


def _shaken(visits: Sequence[Sequence[Observation]]) -> float | None:
    ways = [_way(visit) for visit in visits[:2]]
    if len(ways) < 2 or ways[0] is None or ways[1] is None:  # noqa: PLR2004 — as said
        return None
    return ways[1] - ways[0]


def _way(visit: Sequence[Observation]) -> float | None:
    """Seconds until hands were shaken; None where they were not."""
    steps = [s for s in visit if isinstance(s, TcpConnect | TlsHandshake)]
    well = any(isinstance(s, TlsHandshake) for s in steps) and not any(s.failure for s in steps)
    return sum(s.took for s in steps) if well else None


def _rate(step: HttpExchange) -> float:
    return step.length / max(step.took, 1e-6)


def _cut(steps: Iterable[Observation]) -> bool:
    return any(
        s.failure is not None and s.failure.name in CUT and s.failure.alert is None for s in steps
    )


def _digest(steps: Sequence[Observation]) -> str:
    last = steps[-1]
    return last.digest if isinstance(last, HttpExchange) else ""
