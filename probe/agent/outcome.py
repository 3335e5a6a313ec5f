"""What one run came to: did it meet its expectation, and if not, what ended it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from probe.model import (
    DnsLookup,
    Expectation,
    HttpExchange,
    Layer,
    Observation,
    TcpConnect,
    TlsHandshake,
)

ORDER = tuple(Layer)
NOTHING = "nothing_measured"


@dataclass(frozen=True)
class Outcome:
    success: bool
    failure: str = ""
    layer: Layer = Layer.DNS


def outcome(observations: Sequence[Observation]) -> Outcome:
    """Read the chain's own steps; the differential tests say nothing of success."""
    chain = [seen for seen in observations if seen.test is None]
    answers = [seen for seen in chain if isinstance(seen, HttpExchange)]
    if any(seen.expectation is Expectation.MET for seen in answers):
        return Outcome(success=True, layer=Layer.HTTP)
    for seen in reversed(answers):
        if seen.failure is None and seen.expectation is not None:
            name = f"expectation_{seen.expectation}"
            return Outcome(success=False, failure=name, layer=Layer.HTTP)
    failed = [(seen.hop, ORDER.index(layer_of(seen)), seen) for seen in chain if seen.failure]
    if not failed:
        return Outcome(success=False, failure=NOTHING, layer=Layer.DNS)
    deepest = max(failed, key=_depth)[2]
    name = deepest.failure.name if deepest.failure else NOTHING
    return Outcome(success=False, failure=name, layer=layer_of(deepest))


def layer_of(observation: Observation) -> Layer:
    match observation:
        case DnsLookup():
            return Layer.DNS
        case TcpConnect():
            return Layer.TCP
        case TlsHandshake():
            return Layer.TLS
        case HttpExchange():
            return Layer.HTTP


def _depth(failed: tuple[int, int, Observation]) -> tuple[int, int]:
    return failed[0], failed[1]
