"""An explanation for people: five steps, from what was measured to what was said."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.markup import escape

from probe.desk.explain import Explanation, Fired, Seen
from probe.desk.grounds import Network, Weighed
from probe.judge.hypothesis.gate import Ground
from probe.web.render import Witness

MOST_STEPS = 12


def recount(told: Explanation, console: Console) -> None:
    """Print it."""
    for line in text(told):
        console.print(escape(line), soft_wrap=True, highlight=False)


def text(told: Explanation) -> Iterable[str]:
    held = told.incident
    yield f"{held.id}, as it was judged at {told.at:%Y-%m-%d %H:%M:%S} UTC"
    yield "\n1. What was measured, and which rules fired"
    for seen in told.seen:
        yield from _seen(seen)
    yield "\n2. How each cause was weighed"
    for weighed in told.weighed:
        yield from _weighed(weighed)
    yield "\n3. Why this is one incident"
    yield f"   {told.grouped}"
    yield "\n4. How it went"
    for change in told.history:
        yield f"   {change.at:%Y-%m-%d %H:%M:%S} {change.what}"
    yield "\n5. What is said"
    yield f"   {told.statement}"


def _seen(seen: Seen) -> Iterable[str]:
    yield f"   {seen.measurement}"
    if seen.witness is not None:
        yield f"     {_where(seen.witness)}"
        yield from _steps(seen.witness)
    if seen.helper is not None:
        yield f"     beside it, {seen.helper.network or 'a helper'}:"
        yield from _steps(seen.helper)
    for fired in seen.fired:
        yield from _fired(fired)


def _where(witness: Witness) -> str:
    network = f"{witness.network} (AS{witness.asn})" if witness.network else f"AS{witness.asn}"
    return f"{witness.at:%Y-%m-%d %H:%M:%S} from {witness.country}, {network}: {witness.endpoint}"


def _steps(witness: Witness) -> Iterable[str]:
    for sight in witness.sights[:MOST_STEPS]:
        test = f" (test: {sight.test.value})" if sight.test else ""
        yield f"       {sight.layer.value:4} {sight.subject}: {sight.outcome}, {sight.took * 1000:.0f} ms{test}"
    if len(witness.sights) > MOST_STEPS:
        yield f"       … and {len(witness.sights) - MOST_STEPS} more steps"


def _fired(fired: Fired) -> Iterable[str]:
    shares = ", ".join(f"{cause.value} {value:+.2f}" for cause, value in fired.weights.items())
    counted = f", counted as {fired.category}" if fired.category else ""
    yield f"     → {fired.rule}: {fired.sentence}"
    yield f"       written by {fired.author.value}{counted}; weights: {shares or 'none'}; after {fired.source}"


def _weighed(held: Weighed) -> Iterable[str]:
    yield f"   {held.feature} in {held.country}, by {held.path}, beside {held.outside} other countries"
    for network in held.networks:
        yield f"     {_network(network)}"
    for cause in held.causes:
        prior = "" if cause.prior is None else f"prior {cause.prior:.2g}"
        told = "" if cause.log_likelihood is None else f"log-likelihood {cause.log_likelihood:.2f}"
        parts = ", ".join(filter(None, (prior, told)))
        yield f"     {cause.cause.value:18} {cause.support:.4f}  {parts}"
    if held.gate is not None:
        yield f"     gate: {_gate(held.gate)}"
    yield f"     so: {held.leading.value}, {held.state.value}"


def _network(network: Network) -> str:
    counts = "; ".join(
        ", ".join(f"{name} × {count}" for name, count in one.items()) for one in network.counts
    )
    nats = ", ".join(f"{cause} {value:+.1f}" for cause, value in network.weights.items())
    return f"AS{network.asn}: {counts}; controls well on {network.controls_well}; nats: {nats or 'none'}"


def _gate(ground: Ground) -> str:
    facts = msgspec.structs.asdict(ground)
    return ", ".join(f"{name} {value:.3g}" for name, value in facts.items() if value)
