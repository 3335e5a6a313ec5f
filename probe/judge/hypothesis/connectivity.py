"""Whether a vantage, an operator or a country is connected at all; it belongs to no service.

One silent vantage is nobody's disruption: it takes two of one network, or two networks, lost at once
or soon after one another (departure). Silence alone stays `suspected`, and so do networks that were
lost one after another; measured controls make it more. Whose silence counts at all, intake says.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.cohort import Fault, explained, faults, unresolved
from probe.judge.hypothesis.degraded import degraded
from probe.judge.hypothesis.departure import (
    ALONE,
    Fall,
    earliest,
    fall,
    joint,
    lost_at_once,
    lost_whole,
    most_at_once,
    rounds_of,
    rounds_since,
)  # fmt: skip
from probe.judge.hypothesis.intake import believed, compared, is_alive
from probe.judge.hypothesis.severed import PATIENCE, Loss, evidence, verdict
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import Cause, NetworkKind, Reach, State, Verdict

LOST = frozenset({Condition.SILENT, Condition.CUT, Condition.DARK})
PRIOR_NETWORK, PRIOR_COUNTRY = 1e-3, 2e-4
"""Of being lost at a moment, each by itself."""
MEASURED = 6.0
"""Nats that a measured cut adds: foreign controls fail by the vantage's own account."""
MOST_MEASURED = 2
"""Probe hosts whose own account of a cut counts: more of them repeat it."""
SHARED_SUPPORT = 0.95
LASTS = 6
"""Rounds; passing trouble of one network has a mean of four (attribution.md, 7.2)."""
BURST_ROUNDS = 12
"""Rounds, summed over the networks, that separate troubles must all have gone on: each ends with
a chance of 1/4 a round, so that all of twelve are survived by 3 % of the coincidences."""
FEWEST_PARTLY = 3
MOST = 2 / 3
"""Share of a country's networks that are lost whole, and of its probes, from which on it is told of the country."""
NEARLY_ALL = 0.8
"""Share of both, from which on it is said of the whole country and not of a part."""

FRAYED = 0.8
"""Belief in a disruption that lets most of what is tried pass: three passing troubles at once are rarer."""


class _Company(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Two networks of a country or more that are lost whole, by one cause as it seems."""

    networks: Mapping[int, Sequence[Health]]
    fall: Fall
    at_once: bool
    """Two of them at least; otherwise they were lost one after another."""

    @property
    def healths(self) -> list[Health]:
        return list(chain.from_iterable(self.networks.values()))


def connectivity(healths: Mapping[str, Health], view: View) -> tuple[Verdict, ...]:
    """Verdicts without a service: one for each network and country that was ever heard.

    Vantages whose trouble a shared resolver or build explains have no say about their border.
    """
    heard = [health for health in healths.values() if _heard(health)]
    found = faults(compared(heard, view), view)
    apart = explained(found)
    rest = [health for health in heard if health.vantage.id not in apart]
    believable = believed(rest, view)
    countries = _by_network(rest)
    lossy = degraded(countries, view)
    verdicts: list[Verdict] = []
    for country, networks in countries.items():
        lost = [h for hs in networks.values() for h in hs if not is_alive(h)]
        trusted = any(h.vantage.id in believable for h in lost)
        told = _country(country, networks, view, trusted=trusted)
        verdicts += _frayed(told, lossy[country], view) if country in lossy else told
    return _overlaid(verdicts, found, view)


def _by_network(healths: Iterable[Health]) -> dict[str, dict[int, list[Health]]]:
    """In the order of their countries and AS numbers."""
    found: dict[str, dict[int, list[Health]]] = defaultdict(lambda: defaultdict(list))
    for health in sorted(healths, key=lambda h: (h.vantage.country, h.vantage.asn)):
        found[health.vantage.country][health.vantage.asn].append(health)
    return found


def _frayed(told: list[Verdict], losing: Sequence[Health], view: View) -> list[Verdict]:
    """Say of a country that its way abroad loses much, unless worse is known of it."""
    *rest, whole = told
    if whole.leading is Cause.NETWORK_DISRUPTION:
        return told
    loss = Loss(
        lost=tuple(losing), support=FRAYED, state=State.SUSPECTED, rounds=rounds_of(losing, view)
    )
    return [*rest, verdict((whole.country, 0), losing, loss, view)]


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
    rounds = rounds_of(fault.held, view)
    support = dict.fromkeys(Cause, 0.0) | {fault.cause: SHARED_SUPPORT}
    support[Cause.NETWORK_DISRUPTION] = 1 - SHARED_SUPPORT
    ceiling = State.LIKELY if fault.cause is Cause.DEPENDENCY_OUTAGE else State.SUSPECTED
    return Verdict(
        service="", feature="", country=country, network=asn, at=view.now, leading=fault.cause,
        state=ceiling if rounds > 1 else State.INSUFFICIENT, confidence=SHARED_SUPPORT,
        support=support, shared=(fault.name,), evidence=tuple(evidence(h) for h in held)[:12],
        vantages=len(held), networks=len({h.vantage.asn for h in held}),
        since=earliest(held), rounds=rounds, rules=VERSION,
    )  # fmt: skip


def _heard(health: Health) -> bool:
    return health.condition is not Condition.UNKNOWN or health.shown


def _country(
    country: str, networks: Mapping[int, Sequence[Health]], view: View, *, trusted: bool
) -> list[Verdict]:
    down = {asn: kind for asn, hs in networks.items() if (kind := _down(hs))}
    lost = [asn for asn, kind in down.items() if kind == "lost"]
    broken = [asn for asn, kind in down.items() if kind == "broken"]
    gone = lost if len(lost) >= len(broken) else broken
    company = _company({asn: networks[asn] for asn in gone}, view) if trusted else None
    verdicts = []
    for asn, healths in networks.items():
        within = company if company is not None and asn in company.networks else None
        loss = _of_one(healths, view, within) if trusted else None
        verdicts.append(verdict((country, asn), healths, loss, view))
    everyone = list(chain.from_iterable(networks.values()))
    before = set(gone) - set(company.networks if company is not None else gone)
    known = {asn: healths for asn, healths in networks.items() if asn not in before}
    whole = _of_all(company, view) if company is not None and _national(company, known) else None
    whole = whole or (_partly(networks, view) if trusted else None)
    verdicts.append(verdict((country, 0), everyone, whole, view))
    return verdicts


def _company(gone: Mapping[int, Sequence[Health]], view: View) -> _Company | None:
    """Networks that were lost at once or soon after one another.

    One after another only those count that are dark and stay so: what lets something pass now and
    then, or has no names resolved, is as likely to have each its own trouble.
    """
    fallen = fall(chain.from_iterable(gone.values()), view)
    joined = {health.vantage.asn for health in fallen.lost}
    networks = {asn: healths for asn, healths in gone.items() if asn in joined}
    at_once = lost_at_once(list(networks.values()), view)
    if not at_once:
        dark = {asn: healths for asn, healths in gone.items() if all(map(_dark, healths))}
        fallen = fall(chain.from_iterable(dark.values()), view)
        joined = {health.vantage.asn for health in fallen.lost}
        networks = {asn: healths for asn, healths in dark.items() if asn in joined}
    if len(networks) < 2:  # noqa: PLR2004 — one is an operator's
        return None
    return _Company(networks=networks, fall=fallen, at_once=at_once)


def _national(company: _Company, networks: Mapping[int, Sequence[Health]]) -> bool:
    """Most networks and most probes; and not the mobile ones alone, while a line at home still lives."""
    kinds = {asn: networks[asn][0].vantage.kind for asn in networks}
    whole = [asn for asn, healths in company.networks.items() if all(map(_gone, healths))]
    mobile = all(kinds[asn] is NetworkKind.MOBILE for asn in whole)
    if mobile and any(kinds[asn] is not NetworkKind.MOBILE for asn in networks):
        return False
    everyone = list(chain.from_iterable(networks.values()))
    gone = sum(map(_gone, everyone))
    usable = gone + sum(map(is_alive, everyone))
    return len(whole) >= MOST * len(networks) and gone >= MOST * usable


def _gone(health: Health) -> bool:
    return health.condition is Condition.BROKEN or _dark(health)


def _dark(health: Health) -> bool:
    return health.condition is Condition.SILENT or _cut_wholly(health)


def _partly(networks: Mapping[int, Sequence[Health]], view: View) -> Loss | None:
    """Some vantages of several networks lost in the same minutes: a province, as far as one sees."""
    lost = [h for hs in networks.values() if not _down(hs) for h in hs if h.condition in LOST]
    together = most_at_once(lost, view)
    rounds = rounds_of(together, view)
    if len(together) < FEWEST_PARTLY or len({h.vantage.asn for h in together}) < 2 or rounds < 2:  # noqa: PLR2004
        return None
    nats = math.log(PRIOR_COUNTRY) + len(together) * ALONE
    return Loss(lost=tuple(together), support=_support(nats), state=State.SUSPECTED, rounds=rounds)


def _down(healths: Sequence[Health]) -> str:
    """Whether all vantages of a network are lost, or have no names resolved; a mixture is chance.

    Two that are broken otherwise, by a portal or a wrong clock, have each its own fault.
    """
    if all(health.condition in LOST for health in healths):
        return "lost"
    return "broken" if all(map(unresolved, healths)) else ""


def _of_one(healths: Sequence[Health], view: View, company: _Company | None) -> Loss | None:
    """The disruption of one network, by itself or as one of several."""
    if not _down(healths):
        return None
    own = fall(healths, view)
    nats = math.log(PRIOR_NETWORK) + own.weight + _measured(healths)
    nats = nats if len(own.lost) > 1 else -math.inf
    lost, begun = own.lost, joint(healths, view)
    if company is not None:
        nats = max(nats, _nats(company, healths))
        lost = tuple(h for h in company.fall.lost if h in healths)
        begun = max(begun, joint(company.healths, view))
    if nats <= 0:
        return None
    rounds = rounds_since(begun, view)
    return Loss(
        lost=lost, support=_support(nats), rounds=rounds, state=_state(healths, rounds, view)
    )


def _of_all(company: _Company, view: View) -> Loss | None:
    """The disruption of a country, by its networks that were lost."""
    nats = _nats(company, company.healths)
    rounds = rounds_since(joint(company.healths, view), view)
    if nats <= 0:
        return None
    state = _state(company.healths, rounds, view)
    if not company.at_once and state is not State.INSUFFICIENT:
        state = State.SUSPECTED
    return Loss(lost=company.fall.lost, support=_support(nats), rounds=rounds, state=state)


def _nats(company: _Company, healths: Sequence[Health]) -> float:
    """For one cause of all over their own mishaps; what was measured counts where it began at once."""
    measured = _measured(healths) if company.at_once else 0.0
    return math.log(PRIOR_COUNTRY) + company.fall.weight + measured


def _measured(healths: Iterable[Health]) -> float:
    return MEASURED * min(sum(health.shown for health in healths), MOST_MEASURED)


def _support(nats: float) -> float:
    return 1 / (1 + math.exp(-nats))


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
    begun = lost_whole(cut, view).values()
    lasted = sorted((rounds_since(since, view) for since in begun), reverse=True)
    return any(
        rounds >= max(PATIENCE, -(-BURST_ROUNDS // count))
        for count, rounds in enumerate(lasted, start=1)
        if count > 1
    )


def _cut_wholly(health: Health) -> bool:
    """Nothing foreign passes, nor anything now and then; in passing trouble something mostly does."""
    foreign = [s for s in health.controls if s.target.feature == Reach.FOREIGN]
    passes = health.wavers or any(sight.met for sight in foreign)
    return health.condition in LOST and not passes
