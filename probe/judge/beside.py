"""What others see of the same: probes beside those that an incident strikes, and other countries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from probe.judge import phrases
from probe.judge.cells import tested
from probe.judge.outages import MOST
from probe.judge.view import View, window_start
from probe.model import OUTAGES, STRENGTH, Cause, Incident, Verdict

Leads = Mapping[str, Cause]
"""Feature → the leading cause."""


def told(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Say both."""
    there = (*_there(incident, own), _outside(incident, own, view), reached(incident, own, view))
    return " ".join(filter(None, there))


def reached(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Name the few countries that reach all of it where hardly anybody does.

    Looks from before it began say nothing of it: so long nobody is named.
    """
    leads: dict[str, list[bool]] = defaultdict(list)
    for v in own:
        if not v.network and tested(v):
            leads[v.country].append(v.leading is Cause.OK and STRENGTH[v.state] > 0)
    well = sorted(c for c, good in leads.items() if all(good) and c not in incident.countries)
    if not 0 < len(well) <= (1 - MOST) * len(leads) or incident.opened > window_start(view):
        return ""
    return f"It is reached from {phrases.countries(well)}."


def _there(incident: Incident, own: Sequence[Verdict]) -> Iterable[str]:
    """How many of the probes on its networks are affected, where others there are not."""
    struck: dict[tuple[str, int], int] = {}
    spared: dict[tuple[str, int], int] = {}
    for v in own:
        if v.network in incident.networks and v.leading is incident.cause and tested(v):
            place = (v.country, v.network)
            struck[place] = max(v.vantages, struck.get(place, 0))
            spared[place] = min(v.well, spared.get(place, v.well))
    hit, well = sum(struck.values()), sum(spared.values())
    if well:
        among = phrases.lookers(hit + well, incident.evidence, "probe")
        rest = f"the {'other reaches' if well == 1 else 'others reach'} the service"
        yield f"{hit} of {among} there {'is' if hit == 1 else 'are'} affected; {rest}."


def _outside(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """What other countries see of the same features meanwhile.

    What fails by itself out there is told apart: that it is not reached says nothing of the rest.
    """
    seen: dict[str, dict[str, Cause]] = defaultdict(dict)
    for v in own:
        if not v.network and tested(v) and v.country not in incident.countries:
            seen[v.country][v.feature] = v.leading
    if not seen:
        return "No other country was there to compare."
    shown = {cell for leads in seen.values() for cell in leads.items()}
    failing = [f for f in incident.features if any((f, cause) in shown for cause in OUTAGES)]
    rest = {feature for feature, _ in shown}.difference(failing)
    if not failing or not rest:
        return f"{_reach(seen.values(), 'the service')}{_fail(seen.values(), 'it')}."
    reached = [{f: leads[f] for f in leads.keys() & rest} for leads in seen.values()]
    what, fails = (
        phrases.listed(phrases.feature_names(incident.service, features, view))
        for features in ([f for f in incident.features if f in rest], failing)
    )
    return f"{_reach(reached, what)}{_fail(seen.values(), fails, many=len(failing) > 1)}."


def _reach(countries: Iterable[Leads], what: str) -> str:
    asked = [set(leads.values()) for leads in countries if leads]
    well = asked.count({Cause.OK})
    observed = phrases.counted(len(asked), "observed country", "observed countries")
    return f"Outside, {well} of {observed} {phrases.by(well, 'reach')} {what} meanwhile"


def _fail(countries: Iterable[Leads], what: str, *, many: bool = False) -> str:
    down = sum(not OUTAGES.isdisjoint(leads.values()) for leads in countries)
    themselves = "themselves" if many else "itself"
    return f"; {down} {phrases.by(down, 'see')} {what} fail by {themselves}" if down else ""
