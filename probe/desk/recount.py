"""An explanation for people: five steps, from what was measured to what was said."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from rich.console import Console
from rich.markup import escape

from probe.desk.explain import Explanation, Fired, Seen
from probe.desk.reckoning import NOTES, reckoned
from probe.model import Author
from probe.model.letters import tame
from probe.web.render import Witness

MOST_STEPS = 12


def recount(told: Explanation, console: Console) -> None:
    """Print it."""
    for line in chain.from_iterable(part.split("\n") for part in text(told)):
        console.print(escape(tame(line)), soft_wrap=True, highlight=False)


def text(told: Explanation) -> Iterable[str]:
    held = told.incident
    yield f"{held.id}, as it was judged at {told.at:%Y-%m-%d %H:%M:%S} UTC"
    yield from _which(told)
    yield "\n1. What was measured, and which rules fired (the strongest; times in UTC)"
    for seen in told.seen:
        yield from _seen(seen)
    yield "\n2. How each cause was weighed"
    if any(weighed.before for weighed in told.weighed):
        yield from (f"   {note}" for note in NOTES)
    for weighed in told.weighed:
        yield from reckoned(weighed)
    yield "\n3. Why this is one incident"
    yield f"   {told.grouped}"
    yield "\n4. How it went"
    yield f"   {told.onset:%Y-%m-%d %H:%M:%S} began, as the measurements show (`opened` of the incident)"
    for change in told.history:
        first = " (first said)" if change.what == "opened" else ""
        yield f"   {change.at:%Y-%m-%d %H:%M:%S} {change.what}{first}"
    yield "\n5. What is said"
    yield f"   {told.statement}"
    if told.listed:
        yield f"   and at {told.ended:%Y-%m-%d %H:%M:%S} UTC, in the list of incidents: {told.listed}"


def _which(told: Explanation) -> Iterable[str]:
    """Which judging this is, beside the one that the list of incidents is of."""
    if told.at == told.ended:
        yield "This is the last judging, the one that the list of incidents is of."
    else:
        yield (
            "This is the last judging that said anything new of it but its end; "
            f"the list of incidents is of {told.ended:%Y-%m-%d %H:%M:%S} UTC."
        )


def _seen(seen: Seen) -> Iterable[str]:
    yield f"   {seen.measurement or 'no measurement: it fell silent'}"
    if seen.witness is not None:
        yield f"     {_where(seen.witness, seen.probe)}"
        yield from _steps(seen.witness)
    elif seen.probe:
        yield f"     probe {seen.probe} of its network"
    if seen.helper is not None:
        yield f"     beside it, {seen.helper.network or 'a helper'}:"
        yield from _steps(seen.helper)
    for fired in seen.fired:
        yield from _fired(fired)


def _where(witness: Witness, probe: int) -> str:
    network = f"{witness.network} (AS{witness.asn})" if witness.network else f"AS{witness.asn}"
    host = f", probe {probe}" if probe else ""
    return f"{witness.at:%Y-%m-%d %H:%M:%S} from {witness.country}, {network}{host}: {witness.endpoint}"


def _steps(witness: Witness) -> Iterable[str]:
    for sight in witness.sights[:MOST_STEPS]:
        test = f" (test: {sight.test.value})" if sight.test else ""
        yield f"       {sight.layer.value:4} {sight.subject}: {sight.outcome}, {sight.took * 1000:.0f} ms{test}"
    if len(witness.sights) > MOST_STEPS:
        yield f"       … and {len(witness.sights) - MOST_STEPS} more steps"


def _fired(fired: Fired) -> Iterable[str]:
    shares = ", ".join(f"{cause.value} {value:+.2f}" for cause, value in fired.weights.items())
    counted = f"counted as {fired.category}" if fired.category else ""
    rules = f"weights: {shares}" if shares else ""
    after = f"after {fired.source}" if fired.source else ""
    written = f"written by {fired.author.value}" if fired.author is not Author.NOBODY else ""
    yield f"     → {fired.rule}: {fired.sentence}"
    if told := "; ".join(filter(None, (written, counted, rules, after))):
        yield f"       {told}"
