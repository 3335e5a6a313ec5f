"""What is said of a network or a country that is lost, and of one that is connected."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.departure import earliest, rounds_of
from probe.judge.hypothesis.intake import is_alive
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import Author, Cause, Evidence, Standing, State, Verdict

PATIENCE = 3
"""Rounds of measured failure, at least, before a disruption of two networks is likely or any is
confirmed, or one vantage is said unwell: by then all has been tried twice, and passing trouble has
let something pass."""

SENTENCES = {
    Condition.SILENT: "the vantage, heard before, has sent nothing for more than two of its rounds",
    Condition.CUT: "the vantage's foreign controls fail while its domestic ones live",
    Condition.DARK: "all controls of the vantage fail",
    Condition.MISLED: "foreign names lead the vantage to strangers, while domestic controls pass",
    Condition.BROKEN: "the vantage itself is unwell",
    Condition.LOSING: "a part of the vantage's tries abroad fails, round after round",
    Condition.WELL: "the vantage's controls pass",
    Condition.UNKNOWN: "the vantage has no control to tell by",
}


class Loss(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is lost in a network or a country, and how it is known."""

    lost: tuple[Health, ...]
    support: float
    state: State
    rounds: int


def verdict(
    place: tuple[str, int], healths: Sequence[Health], loss: Loss | None, view: View
) -> Verdict:
    country, asn = place
    support, state, told, rounds = _told(healths, loss, view)
    cause = max(support, key=lambda c: support[c])
    return Verdict(
        service="", feature="", country=country, network=asn, at=view.now, leading=cause,
        state=state, confidence=support[cause], support=support,
        mechanisms=_mechanisms(told) if cause is Cause.NETWORK_DISRUPTION else (),
        evidence=tuple(evidence(h) for h in told)[:12],
        vantages=len(told),
        networks=len({h.vantage.asn for h in told}),
        since=earliest(told), rounds=rounds, rules=VERSION,
    )  # fmt: skip


def _told(
    healths: Sequence[Health], loss: Loss | None, view: View
) -> tuple[dict[Cause, float], State, Sequence[Health], int]:
    """Support, state, the vantages that it rests on, and rounds."""
    support = dict.fromkeys(Cause, 0.0)
    if loss is not None:
        support[Cause.NETWORK_DISRUPTION] = loss.support
        support[Cause.LOCAL_FAULT] = 1 - loss.support
        return support, loss.state, loss.lost, loss.rounds
    alive = [h for h in healths if is_alive(h)]
    unwell = [h for h in healths if not is_alive(h)]
    if unwell and (not alive or any(h.shown for h in unwell)):
        support[Cause.LOCAL_FAULT], support[Cause.NETWORK_DISRUPTION] = 0.8, 0.2
        measured = [h for h in unwell if h.shown and h.condition is not Condition.SILENT]
        rounds = rounds_of(measured, view)
        state = State.SUSPECTED if rounds >= PATIENCE else State.INSUFFICIENT
        return support, state, measured or unwell, rounds
    support[Cause.OK], support[Cause.LOCAL_FAULT] = 0.99, 0.01
    state = (
        State.CONFIRMED
        if any(h.condition is Condition.WELL for h in alive)
        else State.INSUFFICIENT
    )
    return support, state, alive, 1


def _mechanisms(healths: Sequence[Health]) -> tuple[str, ...]:
    cut = any(h.shown and h.condition is not Condition.LOSING for h in healths)
    return ("ip.shutdown_stealth",) if cut else ()


def evidence(health: Health) -> Evidence:
    told = health.abroad[::-1] if health.condition is Condition.LOSING else health.controls
    witness = next((s for s in told if not s.met), None)
    chosen = witness or next(iter(health.controls), None)
    return Evidence(
        rule=f"health.{health.condition.value}",
        standing=Standing.SCORED,
        measurement=chosen.id if chosen is not None else "",
        vantage=health.vantage.id,
        author=Author.NOBODY,
        sentence=SENTENCES[health.condition],
    )
