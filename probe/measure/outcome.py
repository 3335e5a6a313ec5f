"""What one run came to: did it meet its expectation, and if not, what ended it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from probe.measure.expectation import MET
from probe.model import (
    DnsLookup,
    HttpExchange,
    Layer,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
)

ORDER = tuple(Layer)
LAYERS: dict[type[Observation], Layer] = {
    DnsLookup: Layer.DNS,
    TcpConnect: Layer.TCP,
    TlsHandshake: Layer.TLS,
    HttpExchange: Layer.HTTP,
    QuicHandshake: Layer.QUIC,
}
PLACES = {kind: ORDER.index(layer) for kind, layer in LAYERS.items()}
NOTHING = "nothing_measured"


class Outcome(msgspec.Struct, frozen=True):
    success: bool
    failure: str = ""
    layer: Layer = Layer.DNS


WELL = Outcome(success=True, layer=Layer.HTTP)


def outcome(observations: Sequence[Observation]) -> Outcome:
    """Read the chain's own steps; the differential tests say nothing of success.

    A chain goes as far as it can: one that ends with a good step before HTTP was to go no further.
    """
    chain = [seen for seen in observations if seen.test is None]
    answers = [seen for seen in chain if type(seen) is HttpExchange]  # quicker than isinstance()
    for seen in answers:
        if seen.expectation is MET:
            return WELL
    for seen in reversed(answers):
        if seen.failure is None and seen.expectation is not None:
            name = f"expectation_{seen.expectation}"
            return Outcome(success=False, failure=name, layer=Layer.HTTP)
    if chain and not answers and (reached := _reached(chain)):
        return Outcome(success=True, layer=reached)
    failed = [(seen.hop, _order(seen), seen) for seen in chain if seen.failure]
    if not failed:
        return Outcome(success=False, failure=NOTHING, layer=Layer.DNS)
    deepest = max(failed, key=_depth)[2]
    name = deepest.failure.name if deepest.failure else NOTHING
    return Outcome(success=False, failure=name, layer=layer_of(deepest))


def _reached(chain: Sequence[Observation]) -> Layer | None:
    """Give the deepest layer where a step there went well."""
    places = [_order(seen) for seen in chain]
    deepest = max(places)
    for seen, place in zip(chain, places, strict=True):
        if place == deepest and _well(seen):
            return ORDER[deepest]
    return None


def _well(seen: Observation) -> bool:
    """A name without addresses in one family is no failure, but does not lead anywhere either."""
    return seen.failure is None and (not isinstance(seen, DnsLookup) or bool(seen.answers))


def _order(observation: Observation) -> int:
    return PLACES[type(observation)]


def layer_of(observation: Observation) -> Layer:
    return LAYERS[type(observation)]


def _depth(failed: tuple[int, int, Observation]) -> tuple[int, int]:
    return failed[0], failed[1]
