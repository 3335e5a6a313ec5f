"""One run in blackbox_exporter's terms, read from its observations. Pure.

A phase is of the address that answered; a step that failed has no phase, as blackbox has it, but
its time counts in the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from probe.measure.outcome import Outcome, outcome
from probe.metrics.run import Run
from probe.model import (
    DnsLookup,
    Expectation,
    HttpExchange,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
)

REGEX = {Expectation.MISSING, Expectation.FORBIDDEN}


class Hop(msgspec.Struct, gc=False):
    """The chain's steps for one URL; the redirects' ones are hops of their own."""

    lookups: list[DnsLookup] = []
    connects: list[TcpConnect] = []
    shakes: list[TlsHandshake] = []
    answers: list[HttpExchange] = []
    spent: dict[str, float] = {}
    """Seconds by address: all are tried at once, up to TLS, and one of them is asked."""

    @property
    def answer(self) -> HttpExchange | None:
        """What came back, whole or not."""
        for seen in self.answers:
            if seen.status is not None:
                return seen
        return None

    @property
    def address(self) -> str:
        """The one that answered, or came closest to it."""
        for seen in self.answers:
            return seen.address
        for steps in (self.shakes, self.connects):
            for step in steps:
                if step.failure is None:
                    return step.address
        return next(iter(self.spent), "")

    @property
    def resolving(self) -> float:
        """Seconds: both families are asked at once, the servers of each in turn."""
        if not self.lookups:
            return 0.0
        spent: dict[str, float] = {}
        for seen in self.lookups:
            spent[seen.query] = spent.get(seen.query, 0.0) + seen.took
        return max(spent.values())

    @property
    def took(self) -> float:
        return self.resolving + (max(self.spent.values()) if self.spent else 0.0)

    def connect(self, address: str) -> TcpConnect | None:
        for seen in self.connects:
            if seen.address == address and seen.failure is None:
                return seen
        return None

    def shake(self, address: str) -> TlsHandshake | None:
        for seen in self.shakes:
            if seen.address == address:
                return seen
        return None


def hops(observations: Iterable[Observation]) -> list[Hop]:
    """Sort the chain's own steps by hop; at least one, be it empty."""
    found = {0: Hop()}
    for seen in observations:
        if seen.test is None:
            hop = found.get(seen.hop)
            if hop is None:
                hop = found[seen.hop] = Hop()
            _into(hop, seen)
    return [found[number] for number in sorted(found)]


def _into(hop: Hop, seen: Observation) -> None:
    match seen:
        case DnsLookup():
            hop.lookups.append(seen)
            return
        case TcpConnect():
            hop.connects.append(seen)
        case TlsHandshake():
            hop.shakes.append(seen)
        case HttpExchange():
            hop.answers.append(seen)
        case QuicHandshake():  # of tests alone
            return
    hop.spent[seen.address] = hop.spent.get(seen.address, 0.0) + seen.took


def figures(observations: Sequence[Observation], at: datetime, came: Outcome | None = None) -> Run:
    """Read a run; `came` is its outcome, where that was found already."""
    walked = hops(observations)
    first, last = walked[0], walked[-1]
    answer, shake = last.answer, last.shake(last.address)
    each = [_phases(hop) for hop in walked]
    return Run(
        at=at,
        success=(came or outcome(observations)).success,
        took=sum([hop.took for hop in walked]),
        lookup=first.resolving,
        protocol=_protocol(first.address),
        phases=each[0] if len(each) == 1 else tuple(map(sum, zip(*each, strict=True))),
        status=(answer.status or 0) if answer else 0,
        version=float(answer.version) if answer else 0.0,
        redirects=len(walked) - 1,
        ssl=bool(answer and answer.url.startswith("https:")),
        length=answer.length if answer else 0,
        expiry=_expiry(shake),
        regex=bool(answer and answer.expectation in REGEX),
    )


def _phases(hop: Hop) -> tuple[float, ...]:
    chosen = hop.address
    connect, shake, answer = hop.connect(chosen), hop.shake(chosen), hop.answer
    return (
        hop.resolving,
        connect.took if connect else 0.0,
        shake.took if shake and shake.failure is None else 0.0,
        answer.first_byte if answer else 0.0,
        max(0.0, answer.took - answer.first_byte) if answer and answer.failure is None else 0.0,
    )


def _protocol(address: str) -> int:
    return 0 if not address else 6 if ":" in address else 4


def _expiry(shake: TlsHandshake | None) -> float | None:
    if shake is None or not shake.chain:
        return None
    return min([held.not_after for held in shake.chain]).timestamp()
