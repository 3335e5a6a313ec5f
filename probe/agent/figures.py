"""One run in blackbox_exporter's terms, read from its observations. Pure.

A phase is of the address that answered; a step that failed has no phase, as blackbox has it, but
its time counts in the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

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


class Hop:
    """The chain's steps for one URL; the redirects' ones are hops of their own."""

    __slots__ = ("answers", "asked", "connects", "shakes", "spent")

    def __init__(self) -> None:
        self.asked: dict[str, float] = {}
        """Seconds by question: both families are asked at once, the servers of each in turn."""
        self.spent: dict[str, float] = {}
        """Seconds by address: all are tried at once, up to TLS, and one of them is asked."""
        self.connects: dict[str, TcpConnect] = {}
        """Those that were made."""
        self.shakes: dict[str, TlsHandshake] = {}
        self.answers: list[HttpExchange] = []

    def take(self, seen: Observation) -> None:
        # Its type itself: isinstance() of what it is not costs five times as much.
        if type(seen) is DnsLookup:
            self.asked[seen.query] = self.asked.get(seen.query, 0.0) + seen.took
            return
        if type(seen) is QuicHandshake:  # of tests alone
            return
        if type(seen) is HttpExchange:
            self.answers.append(seen)
        elif type(seen) is TlsHandshake:
            self.shakes.setdefault(seen.address, seen)
        elif seen.failure is None:
            self.connects.setdefault(seen.address, seen)
        self.spent[seen.address] = self.spent.get(seen.address, 0.0) + seen.took

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
        for shake in self.shakes.values():
            if shake.failure is None:
                return shake.address
        return next(iter(self.connects or self.spent), "")

    @property
    def resolving(self) -> float:
        """Seconds."""
        return max(self.asked.values()) if self.asked else 0.0

    @property
    def took(self) -> float:
        return self.resolving + (max(self.spent.values()) if self.spent else 0.0)


def hops(observations: Iterable[Observation]) -> list[Hop]:
    """Sort the chain's own steps by hop; at least one, be it empty."""
    found = {0: Hop()}
    for seen in observations:
        if seen.test is None:
            hop = found.get(seen.hop)
            if hop is None:
                hop = found[seen.hop] = Hop()
            hop.take(seen)
    return [found[number] for number in sorted(found)]


def figures(observations: Sequence[Observation], at: datetime, came: Outcome | None = None) -> Run:
    """Read a run; `came` is its outcome, where that was found already."""
    walked = hops(observations)
    first, last = walked[0], walked[-1]
    answer, shake, alone = last.answer, last.shakes.get(last.address), first is last
    return Run(
        at=at,
        success=(came or outcome(observations)).success,
        took=sum([hop.took for hop in walked]),
        lookup=first.resolving,
        protocol=_protocol(first.address),
        phases=_phases(first) if alone else _added([_phases(hop) for hop in walked]),
        status=(answer.status or 0) if answer else 0,
        version=float(answer.version) if answer else 0.0,
        redirects=len(walked) - 1,
        ssl=answer is not None and answer.url.startswith("https:"),
        length=answer.length if answer else 0,
        expiry=_expiry(shake),
        regex=answer is not None and answer.expectation in REGEX,
    )


def _added(each: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*each, strict=True)))


def _phases(hop: Hop) -> tuple[float, ...]:
    chosen = hop.address
    connect, shake, answer = hop.connects.get(chosen), hop.shakes.get(chosen), hop.answer
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
