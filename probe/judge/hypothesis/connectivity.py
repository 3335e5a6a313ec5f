"""Whether a vantage, an operator or a country is connected at all; it belongs to no service.

One silent vantage is nobody's disruption: it takes two of one network, or two networks. Silence
alone stays `suspected`; measured controls make it more. Most vantages silent at once is our intake.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, pairwise

import msgspec

from probe.judge.health import UNWELL, Condition, Health
from probe.judge.hypothesis.cohort import Fault, explained, faults, unresolved
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import Author, Cause, Evidence, NetworkKind, Reach, Standing, State, Verdict

LOST = frozenset({Condition.SILENT, Condition.CUT, Condition.DARK})
PRIOR_VANTAGE, PRIOR_NETWORK, PRIOR_COUNTRY = 1e-2, 1e-3, 2e-4
"""Of being lost at a moment, each by itself."""
MEASURED = 6.0
"""Nats that a measured cut adds: foreign controls fail by the vantage's own account."""
SHARED_SUPPORT = 0.95
LASTS = 6
"""Rounds; passing trouble of one network has a mean of four (attribution.md, 7.2)."""
BURST_ROUNDS = 12
"""Rounds, summed over the networks, that separate troubles must all have gone on: each ends with
a chance of 1/4 a round, so that all of twelve are survived by 3 % of the coincidences."""
TOGETHER_ROUNDS = 3
FEWEST_PARTLY = 3
NEARLY_ALL = 2 / 3
"""Share of a country's networks that are lost whole, from which on it is the country's."""
PATIENCE = 3
"""Rounds of measured failure, at least, before a disruption of two networks is likely or any is
confirmed, or one vantage is said unwell: by then all has been tried twice, and passing trouble has
let something pass."""

SENTENCES = {
    Condition.SILENT: "the vantage, heard before, has sent nothing for more than two rounds",
    Condition.CUT: "the vantage's foreign controls fail while its domestic ones live",
    Condition.DARK: "all controls of the vantage fail",
    Condition.MISLED: "foreign names lead the vantage to strangers, while domestic controls pass",
    Condition.BROKEN: "the vantage itself is unwell",
    Condition.WELL: "the vantage's controls pass",
    Condition.UNKNOWN: "the vantage has no control to tell by",
}

Cells = Mapping[tuple[str, int], Sequence[Health]]


class _Loss(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is lost in a network or a country, and how it is known."""

    lost: tuple[Health, ...]
    support: float
    state: State
    rounds: int


def connectivity(healths: Mapping[str, Health], view: View) -> tuple[Verdict, ...]:
    """Verdicts without a service: one for each network and country that was ever heard.

    Vantages whose trouble a shared resolver or build explains have no say about their border.
    """
    heard = [health for health in healths.values() if _heard(health)]
    found = faults(heard, view)
    apart = explained(found)
    cells: dict[tuple[str, int], list[Health]] = defaultdict(list)
    for health in heard:
        if health.vantage.id not in apart:
            cells[health.vantage.country, health.vantage.asn].append(health)
    deaf = _intake_is_deaf(cells)
    verdicts: list[Verdict] = []
    for country in sorted({c for c, _ in cells}):
        networks = {asn: cells[c, asn] for c, asn in sorted(cells) if c == country}
        elsewhere = any(_alive(h) for (c, _), hs in cells.items() if c != country for h in hs)
        verdicts += _country(country, networks, view, trusted=elsewhere and not deaf)
    return _overlaid(verdicts, found, view)


def _overlaid(
    verdicts: Sequence[Verdict], found: Sequence[Fault], view: View
) -> tuple[Verdict, ...]:
    """Say of countries and networks what their vantages share, unless worse is known of them."""
    told = {(v.country, v.network): v for v in verdicts}
    for fault in reversed(found):
        for place, held in _places(fault):
            known = told.get(place)
            if known is None or known.leading is not Cause.NETWORK_DISRUPTION:
                told[place] = _shared(fault, place, held, view)
    return tuple(told[place] for place in sorted(told))


def _places(fault: Fault) -> list[tuple[tuple[str, int], list[Health]]]:
    by_place: dict[tuple[str, int], list[Health]] = defaultdict(list)
    for health in fault.held:
        by_place[health.vantage.country, health.vantage.asn].append(health)
        if fault.cause is Cause.DEPENDENCY_OUTAGE:
            by_place[health.vantage.country, 0].append(health)
    return sorted(by_place.items(), key=lambda entry: entry[0])


def _shared(fault: Fault, place: tuple[str, int], held: Sequence[Health], view: View) -> Verdict:
    country, asn = place
    rounds = _rounds(fault.held, view)
    support = dict.fromkeys(Cause, 0.0) | {fault.cause: SHARED_SUPPORT}
    support[Cause.NETWORK_DISRUPTION] = 1 - SHARED_SUPPORT
    ceiling = State.LIKELY if fault.cause is Cause.DEPENDENCY_OUTAGE else State.SUSPECTED
    return Verdict(
        service="", feature="", country=country, network=asn, at=view.now, leading=fault.cause,
        state=ceiling if rounds > 1 else State.INSUFFICIENT, confidence=SHARED_SUPPORT,
        support=support, shared=(fault.name,), evidence=tuple(_evidence(h) for h in held)[:12],
        vantages=len(held), networks=len({h.vantage.asn for h in held}),
        since=_since(held), rounds=rounds, rules=VERSION,
    )  # fmt: skip


def _heard(health: Health) -> bool:
    return health.condition is not Condition.UNKNOWN or health.shown


def _alive(health: Health) -> bool:
    return health.condition not in UNWELL


def _intake_is_deaf(cells: Cells) -> bool:
    """Most vantages, over most countries, silent at once: nobody reaches us, so it is us."""
    everyone = list(chain.from_iterable(cells.values()))
    silent = [h for h in everyone if h.condition is Condition.SILENT]
    countries = {h.vantage.country for h in everyone}
    speaking = {h.vantage.country for h in everyone if h.condition is not Condition.SILENT}
    return 2 * len(silent) > len(everyone) and 2 * len(speaking) <= len(countries)


def _country(
    country: str, networks: Mapping[int, Sequence[Health]], view: View, *, trusted: bool
) -> list[Verdict]:
    down = {asn: kind for asn, hs in networks.items() if (kind := _down(hs))}
    lost = [asn for asn, kind in down.items() if kind == "lost"]
    broken = [asn for asn, kind in down.items() if kind == "broken"]
    gone = lost if len(lost) >= len(broken) else broken
    joined = (
        [networks[asn] for asn in gone] if _together([networks[a] for a in gone], view) else []
    )
    national = trusted and len(joined) > 1 and _national(gone, networks)
    verdicts = []
    for asn, healths in networks.items():
        loss = _loss(healths, view, joined if asn in gone else ())
        verdicts.append(_verdict((country, asn), healths, loss if trusted else None, view))
    everyone = list(chain.from_iterable(networks.values()))
    whole = _loss(list(chain.from_iterable(joined)), view, joined) if national else None
    whole = whole or (_partly(networks, view) if trusted else None)
    verdicts.append(_verdict((country, 0), everyone, whole, view, networks=len(gone)))
    return verdicts


def _national(gone: Sequence[int], networks: Mapping[int, Sequence[Health]]) -> bool:
    """Nearly all networks; and not the mobile ones alone, while a line at home still lives."""
    kinds = {asn: networks[asn][0].vantage.kind for asn in networks}
    whole = [asn for asn in gone if all(map(_gone, networks[asn]))]
    mobile = all(kinds[asn] is NetworkKind.MOBILE for asn in whole)
    if mobile and any(kinds[asn] is not NetworkKind.MOBILE for asn in networks):
        return False
    return len(whole) >= NEARLY_ALL * len(networks)


def _gone(health: Health) -> bool:
    return health.condition in {Condition.SILENT, Condition.BROKEN} or _cut_wholly(health)


def _together(gone: Sequence[Sequence[Health]], view: View) -> bool:
    """Whether two networks or more were lost at about the same time: one cause, not two mishaps."""
    begun = sorted(since for healths in gone if (since := _since(healths)) is not None)
    return any(b - a <= TOGETHER_ROUNDS * view.round for a, b in pairwise(begun))


def _partly(networks: Mapping[int, Sequence[Health]], view: View) -> _Loss | None:
    """Some vantages of several networks lost in the same minutes: a province, as far as one sees."""
    lost = [h for hs in networks.values() if not _down(hs) for h in hs if h.condition in LOST]
    begun = _since(lost)
    if begun is None:
        return None
    together = [
        h for h in lost
        if h.since is not None and h.since - begun <= TOGETHER_ROUNDS * view.round
    ]  # fmt: skip
    rounds = _rounds(together, view)
    if len(together) < FEWEST_PARTLY or len({h.vantage.asn for h in together}) < 2 or rounds < 2:  # noqa: PLR2004
        return None
    odds = PRIOR_COUNTRY / PRIOR_VANTAGE ** len(together)
    return _Loss(
        lost=tuple(together), support=odds / (1 + odds), state=State.SUSPECTED, rounds=rounds
    )


def _down(healths: Sequence[Health]) -> str:
    """Whether all vantages of a network are lost, or have no names resolved; a mixture is chance.

    Two that are broken otherwise, by a portal or a wrong clock, have each its own fault.
    """
    if all(health.condition in LOST for health in healths):
        return "lost"
    return "broken" if all(map(unresolved, healths)) else ""


def _loss(
    healths: Sequence[Health], view: View, joined: Sequence[Sequence[Health]]
) -> _Loss | None:
    """The disruption of one network, or of several that are lost together."""
    others = max(0, len(joined) - 1)
    if not _down(healths) or (len(healths) < 2 and not others):  # noqa: PLR2004 — one is nobody
        return None
    measured = [h for h in healths if h.shown]
    odds = (PRIOR_COUNTRY if others else PRIOR_NETWORK) / PRIOR_VANTAGE ** len(healths)
    if len(healths) == 1:
        odds = PRIOR_COUNTRY / PRIOR_VANTAGE ** (1 + others)
    odds *= math.exp(MEASURED * min(len(measured), 2))
    company = list(chain.from_iterable(joined)) or healths
    rounds = _lasted(max(_joint(healths, view), _joint(company, view)), view)
    return _Loss(
        lost=tuple(healths), support=odds / (1 + odds), rounds=rounds,
        state=_state(healths, rounds, view),
    )  # fmt: skip


def _joint(healths: Iterable[Health], view: View) -> datetime:
    """Since when one network is lost whole, or two are: what a part went through before says nothing."""
    begun = sorted(_begun(healths, view).values())
    return begun[min(1, len(begun) - 1)]


def _begun(healths: Iterable[Health], view: View) -> dict[int, datetime]:
    """A network counts from when its last vantage was lost."""
    begun: dict[int, datetime] = {}
    for health in healths:
        since = health.since or view.now
        begun[health.vantage.asn] = max(since, begun.get(health.vantage.asn, since))
    return begun


def _state(healths: Sequence[Health], rounds: int, view: View) -> State:
    if rounds < 2:  # noqa: PLR2004 — one round is one look
        return State.INSUFFICIENT
    measured = [h for h in healths if h.shown]
    if not measured or any(h.condition is Condition.BROKEN for h in healths):
        return State.SUSPECTED
    complete = [h for h in measured if _cut_wholly(h)]
    if len({h.vantage.asn for h in complete}) > 1:
        return _of_networks(complete, rounds, view)
    if len(complete) == len(measured) and rounds >= PATIENCE:
        return State.LIKELY if len(complete) > 1 and rounds >= LASTS else State.SUSPECTED
    return State.SUSPECTED if rounds >= LASTS else State.INSUFFICIENT


def _of_networks(cut: Sequence[Health], rounds: int, view: View) -> State:
    """Two that are cut at once may be in passing trouble both; three seldom are."""
    if _outlasts_trouble(cut, view):
        return State.CONFIRMED
    several = len({health.vantage.asn for health in cut}) > 2  # noqa: PLR2004
    return State.LIKELY if several or rounds >= PATIENCE else State.SUSPECTED


def _outlasts_trouble(cut: Sequence[Health], view: View) -> bool:
    """Whether so many networks have been cut for so long that passing trouble of each is no answer."""
    begun = _begun(cut, view).values()
    lasted = sorted((_lasted(since, view) for since in begun), reverse=True)
    return any(
        rounds >= max(PATIENCE, -(-BURST_ROUNDS // count))
        for count, rounds in enumerate(lasted, start=1)
        if count > 1
    )


def _lasted(since: datetime, view: View) -> int:
    return 1 + int((view.now - since) / view.round + 0.2)


def _cut_wholly(health: Health) -> bool:
    """Nothing foreign passes, nor anything now and then; in passing trouble something mostly does."""
    foreign = [s for s in health.controls if s.target.feature == Reach.FOREIGN]
    passes = health.wavers or any(sight.met for sight in foreign)
    return health.condition in LOST and not passes


def _verdict(
    place: tuple[str, int], healths: Sequence[Health], loss: _Loss | None, view: View, networks: int = 1,
) -> Verdict:  # fmt: skip
    country, asn = place
    support, state, told, rounds = _told(healths, loss, view)
    cause = max(support, key=lambda c: support[c])
    return Verdict(
        service="", feature="", country=country, network=asn, at=view.now, leading=cause,
        state=state, confidence=support[cause], support=support,
        mechanisms=_mechanisms(told) if cause is Cause.NETWORK_DISRUPTION else (),
        evidence=tuple(_evidence(h) for h in told)[:12],
        vantages=len(told),
        networks=networks if asn == 0 and loss else len({h.vantage.asn for h in told}),
        since=_since(told), rounds=rounds, rules=VERSION,
    )  # fmt: skip


def _told(
    healths: Sequence[Health], loss: _Loss | None, view: View
) -> tuple[dict[Cause, float], State, Sequence[Health], int]:
    """Support, state, the vantages that it rests on, and rounds."""
    support = dict.fromkeys(Cause, 0.0)
    if loss is not None:
        support[Cause.NETWORK_DISRUPTION] = loss.support
        support[Cause.LOCAL_FAULT] = 1 - loss.support
        return support, loss.state, loss.lost, loss.rounds
    alive = [h for h in healths if _alive(h)]
    unwell = [h for h in healths if not _alive(h)]
    if unwell and (not alive or any(h.shown for h in unwell)):
        support[Cause.LOCAL_FAULT], support[Cause.NETWORK_DISRUPTION] = 0.8, 0.2
        measured = [h for h in unwell if h.shown and h.condition is not Condition.SILENT]
        rounds = _rounds(measured, view)
        state = State.SUSPECTED if rounds >= PATIENCE else State.INSUFFICIENT
        return support, state, measured or unwell, rounds
    support[Cause.OK], support[Cause.LOCAL_FAULT] = 0.99, 0.01
    state = (
        State.CONFIRMED
        if any(h.condition is Condition.WELL for h in alive)
        else State.INSUFFICIENT
    )
    return support, state, alive, 1


def _rounds(healths: Sequence[Health], view: View) -> int:
    times = [h.since for h in healths if h.since is not None]
    return _lasted(min(times), view) if times else 0


def _since(healths: Iterable[Health]) -> datetime | None:
    return min((h.since for h in healths if h.since is not None), default=None)


def _mechanisms(healths: Sequence[Health]) -> tuple[str, ...]:
    return ("ip.shutdown_stealth",) if any(h.shown for h in healths) else ()


def _evidence(health: Health) -> Evidence:
    witness = next((s for s in health.controls if not s.met), None)
    chosen = witness or next(iter(health.controls), None)
    return Evidence(
        rule=f"health.{health.condition.value}",
        standing=Standing.SCORED,
        measurement=chosen.id if chosen is not None else "",
        vantage=health.vantage.id,
        author=Author.NOBODY,
        sentence=SENTENCES[health.condition],
    )
