"""One run in blackbox_exporter's terms, read from its observations. Pure.

A phase is of the address that answered; a step that failed has no phase, as blackbox has it, but
its time counts in the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

MISSING, FORBIDDEN = Expectation.MISSING, Expectation.FORBIDDEN


class Hop:
    """The chain's steps for one URL; the redirects' ones are hops of their own."""

    __slots__ = ("address", "answer", "connect", "resolving", "shake", "took")

    def __init__(self, steps: Iterable[Observation]) -> None:
        asked: dict[str, float] = {}  # seconds by question: both families are asked at once
        spent: dict[str, float] = {}  # seconds by address: all are tried at once, up to TLS
        connects: dict[str, TcpConnect] = {}  # those that were made
        shakes: dict[str, TlsHandshake] = {}
        answers: list[HttpExchange] = []
        for seen in steps:
            # Its type itself: isinstance() of what it is not costs five times as much.
            if type(seen) is DnsLookup:
                asked[seen.query] = asked.get(seen.query, 0.0) + seen.took
                continue
            if type(seen) is QuicHandshake:  # of tests alone
                continue
            if type(seen) is HttpExchange:
                answers.append(seen)
            elif type(seen) is TlsHandshake:
                shakes.setdefault(seen.address, seen)
            elif seen.failure is None:
                connects.setdefault(seen.address, seen)
            spent[seen.address] = spent.get(seen.address, 0.0) + seen.took
        self.resolving = max(asked.values()) if asked else 0.0
        """Seconds."""
        self.took = self.resolving + (max(spent.values()) if spent else 0.0)
        self.answer = _whole(answers)
        self.address = _answered(answers, shakes) or next(iter(connects or spent), "")
        """The one that answered, or came closest to it."""
        self.connect, self.shake = connects.get(self.address), shakes.get(self.address)


def _whole(answers: Sequence[HttpExchange]) -> HttpExchange | None:
    """Give what came back, whole or not."""
    for seen in answers:
        if seen.status is not None:
            return seen
    return None


def _answered(answers: Sequence[HttpExchange], shakes: Mapping[str, TlsHandshake]) -> str:
    for seen in answers:
        return seen.address
    for shake in shakes.values():
        if shake.failure is None:
            return shake.address
    return ""


def hops(observations: Iterable[Observation]) -> list[Hop]:
    """Sort the chain's own steps by hop; at least one, be it empty."""
    chain = [seen for seen in observations if seen.test is None]
    if not chain or chain[-1].hop == 0:  # hop follows hop, and hardly ever is there a second
        return [Hop(chain)]
    numbers = sorted({0, *(seen.hop for seen in chain)})
    return [Hop([seen for seen in chain if seen.hop == number]) for number in numbers]


def figures(observations: Sequence[Observation], at: datetime, came: Outcome | None = None) -> Run:
    """Read a run; `came` is its outcome, where that was found already."""
    walked = hops(observations)
    first, last = walked[0], walked[-1]
    answer, alone = last.answer, first is last
    return Run(
        at=at,
        success=(came or outcome(observations)).success,
        took=first.took if alone else sum([hop.took for hop in walked]),
        lookup=first.resolving,
        protocol=_protocol(first.address),
        phases=_phases(first) if alone else _added([_phases(hop) for hop in walked]),
        status=(answer.status or 0) if answer else 0,
        version=float(answer.version) if answer else 0.0,
        redirects=len(walked) - 1,
        ssl=answer is not None and answer.url.startswith("https:"),
        length=answer.length if answer else 0,
        expiry=_expiry(last.shake),
        regex=answer is not None
        and (answer.expectation is MISSING or answer.expectation is FORBIDDEN),
    )


def _added(each: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*each, strict=True)))


def _phases(hop: Hop) -> tuple[float, ...]:
    connect, shake, answer = hop.connect, hop.shake, hop.answer
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
