"""How sure one may be said to be: what each cause needs beside its share of belief.

A false `filtering` is the costliest mistake, so it needs most: the outside well and looked at
after the onset, the controls at home well meanwhile, and more than one round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from probe.model import BARRIERS, OUTAGES, STRENGTH, Cause, State

CONFIRMED, LIKELY, SUSPECTED = 0.95, 0.80, 0.50
OUTSIDE_COUNTRIES = 3
MANY_COUNTRIES = 3
MOST, SOME = 0.6, 0.4
LASTING = 5
"""Rounds: passing trouble has a mean of four (attribution.md, 7.2)."""
ENDURING = 3
"""Rounds: a lone failure has one."""
APART = 2.0
"""Times its rival's support, below which a cause is not told from it."""
SURE_GAIN = 6.0
"""Nats: at odds of 400 to 1 the dependency is more than the best guess."""
SURE_EXCESS, SOME_EXCESS = 10.0, 5.0
"""Nats: one in twenty thousand, for a country is looked at service by service and round by round; and
about what two tries say where controls hardly fail."""


class Ground(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What stands behind a cause in a country (or in one network of it)."""

    support: float
    rival: float = 0.0
    """Of a filter and a refusal by the service, the support of the other one."""
    rounds: int = 0
    networks: int = 0
    """Affected networks."""
    enduring: int = 0
    """Affected networks where it has lasted for ENDURING rounds, by their own sights."""
    again: int = 0
    """Affected networks where it was seen twice at least, by any of their vantages."""
    observed: int = 0
    """Networks of the country with a usable sight."""
    vantages: int = 0
    vouched: int = 0
    """Affected networks whose controls passed meanwhile."""
    steady: int = 0
    """Affected networks whose controls hardly fail at all: theirs is no passing trouble."""
    settled: int = 0
    """Of those, the ones whose controls have hardly failed for rounds."""
    misled: int = 0
    """Affected networks that lead the controls astray too: an interference that spares no name."""
    authored: int = 0
    """Affected vantages with evidence that only the network can have written."""
    network_authored: int = 0
    """Affected networks with evidence that only the network can have written."""
    through: int = 0
    """Other countries that reach the service since the onset."""
    barred: int = 0
    """Other countries that do not, since the onset."""
    others: int = 0
    """Other countries that could be asked."""
    server_networks: int = 0
    """Affected networks here that have the failure in the server's own words."""
    worded: int = 0
    """Affected networks here to which the refusal itself speaks of a country or a law."""
    silent: int = 0
    """Affected networks, steady and vouched, where for ENDURING rounds requests over a valid
    certificate were left without an answer: who completes a handshake can answer, and nobody else."""
    server_countries: int = 0
    """Countries, this one too, with a failure that the server itself wrote."""
    limited: bool = False
    """Whether most of what it says is that there are too many requests."""
    outage_countries: int = 0
    """Countries, this one too, where the service's side leads."""
    refused_countries: int = 0
    """Countries, this one too, where a refusal by the service leads."""
    known_countries: int = 0
    solid: bool = True
    """Whether it is more than passing trouble here."""
    together: int = 0
    """Of those, the ones where it began at about the same time as here."""
    gain: float = 0.0
    """Nats by which a shared dependency explains it better than anything else does."""
    sharing: int = 0
    """Services that fail with that dependency."""
    forgeable: bool = False
    """One border could yet write all that tells of it."""
    working: int = 0
    """Vantages here that see it well."""
    narrow: bool = False
    """It is a route that but two countries lost."""
    excess: float = 0.0
    """Nats by which it fails more often than the controls abroad do; of a filter alone."""
    spared: int = 0
    """Vantages on the affected networks that see it well."""
    dominant: bool = False
    """Whether the affected network is all that the country has: its only provider's."""
    nowhere: bool = False
    """Whether it is not known where its vantages are: they may be in as many countries."""
    lone: bool = False
    """Of one network of several: that it is among the affected is told by one vantage, which may lie."""


def state(cause: Cause, ground: Ground) -> State:
    """The strongest state that the ground allows."""
    found = _GATES[cause](ground)
    if ground.nowhere and cause in BARRIERS:
        return min(found, State.SUSPECTED, key=STRENGTH.__getitem__)
    doubted = (
        ground.lone
        or (cause in BARRIERS and _of_few(ground))
        or (cause in OUTAGES and ground.limited)
    )
    return State.LIKELY if doubted and found is State.CONFIRMED else found


def _of_few(ground: Ground) -> bool:
    """Whether so few see it, here or beside the rest of the world, that a country is a bold guess.

    What half of the probes of the very same networks get through is no wall around them; and a
    border is told by what lies beyond it (attribution.md, 7.4), unless a page speaks of it.
    """
    beside = ground.through >= OUTSIDE_COUNTRIES or ground.worded > 0
    return ground.spared >= ground.vantages or not beside


def _by_support(ground: Ground, ceiling: State) -> State:
    if ceiling is State.INSUFFICIENT:
        return ceiling
    if ground.support >= CONFIRMED and ceiling is State.CONFIRMED:
        return State.CONFIRMED
    if ground.support >= LIKELY and ceiling in {State.CONFIRMED, State.LIKELY}:
        return State.LIKELY
    return State.SUSPECTED if ground.support >= SUSPECTED else State.INSUFFICIENT


def outside_well(ground: Ground) -> bool:
    """Whether the outside was asked after the onset and, for the most part, gets through."""
    needed = max(1, min(OUTSIDE_COUNTRIES, ground.others))
    return ground.through >= needed and ground.through > ground.barred


def _filtering(ground: Ground) -> State:
    """A way that loses a part of everything looks like a filter, but that the controls fail as often."""
    found = _of_filter(ground)
    if ground.misled or ground.excess >= SURE_EXCESS:
        return found
    least = State.SUSPECTED if ground.excess >= SOME_EXCESS else State.INSUFFICIENT
    return min(found, least, key=STRENGTH.__getitem__)


def _of_filter(ground: Ground) -> State:
    if not outside_well(ground) or ground.support < APART * ground.rival:
        return State.INSUFFICIENT
    broad = ground.networks > 1 and ground.network_authored > 1
    if not ground.vouched:
        return _sparing_nothing(ground) if broad else State.INSUFFICIENT
    if ground.rounds < 2 or _one_look(ground):  # noqa: PLR2004 — one round is one look
        clear = broad and ground.steady > 1
        return _by_support(ground, State.SUSPECTED) if clear else State.INSUFFICIENT
    return _by_support(ground, _highest(ground, broad=broad))


def _one_look(ground: Ground) -> bool:
    """Whether one of two networks, or the only one, rests on a single try.

    Two lone failures of one country's networks meet within a round, and some of the tests made
    after them pass, ten times in a quiet week of a thousand series: three seldom do.
    """
    return ground.networks < 3 and ground.again < ground.networks  # noqa: PLR2004


def _sparing_nothing(ground: Ground) -> State:
    """The controls are led astray like everything else, on more than one network."""
    enough = ground.misled > 1 and ground.rounds > 1
    return _by_support(ground, State.LIKELY) if enough else State.INSUFFICIENT


def _highest(ground: Ground, *, broad: bool) -> State:
    """Passing troubles that coincide look much the same, but for their controls and their end."""
    lasting = ground.rounds >= LASTING or (ground.networks > 2 and ground.rounds > 2)  # noqa: PLR2004
    dominant = ground.dominant and ground.authored > 1
    if (broad and ground.vouched > 1 and (lasting or ground.steady > 1)) or dominant:
        # A passing trouble of one network and a lone failure of another are not two that last.
        sure = ground.rounds > 2 and (ground.enduring > 1 or dominant)  # noqa: PLR2004
        return State.CONFIRMED if sure else State.LIKELY
    if ground.networks > 1:
        return State.LIKELY if lasting or ground.steady > 1 else State.INSUFFICIENT
    # In passing trouble a test passes by chance, here as anywhere, and so does for once nearly every
    # control: nobody else bears this network out, so that they must have passed for rounds.
    if not (ground.settled or ground.misled) and ground.rounds < LASTING:
        return State.INSUFFICIENT
    return State.LIKELY if ground.network_authored and ground.authored > 1 else State.SUSPECTED


def _outage(ground: Ground) -> State:
    return _of_service(ground) if ground.solid else State.INSUFFICIENT


def _of_service(ground: Ground) -> State:
    everywhere = (
        ground.outage_countries >= MANY_COUNTRIES
        and ground.outage_countries >= MOST * ground.known_countries
        and ground.vouched > 0
    )
    if ground.server_countries >= MANY_COUNTRIES:
        wide = ground.outage_countries >= MOST * ground.known_countries
        sure = wide and ground.rounds > 1
        return _by_support(ground, State.CONFIRMED if sure else State.LIKELY)
    if everywhere and ground.rounds > 1:
        return _by_support(ground, State.CONFIRMED if ground.rounds > 2 else State.LIKELY)  # noqa: PLR2004
    if ground.rounds < 2:  # noqa: PLR2004
        return State.INSUFFICIENT
    regional = ground.together >= MANY_COUNTRIES and ground.networks > 1
    spoken = ground.server_networks > 1 and ground.rounds > 2  # noqa: PLR2004
    if regional or spoken or _silent(ground):
        return _by_support(ground, State.LIKELY)
    told = ground.server_countries > 0 and ground.networks > 1
    broad = ground.outage_countries >= max(2.0, SOME * ground.known_countries)
    hinted = told or broad or ground.silent > 1
    return _by_support(ground, State.SUSPECTED) if hinted else State.INSUFFICIENT


def _silent(ground: Ground) -> bool:
    """What shakes hands and answers nothing, in one country alone, a network may yet have made."""
    return ground.silent > 1 and ground.together > 1 and ground.rounds >= LASTING


def _dependency(ground: Ground) -> State:
    """What is shared explains it: by more than one service, or by more than one country."""
    if not ground.gain or ground.rounds < 2 or not ground.vouched:  # noqa: PLR2004
        return State.INSUFFICIENT
    if ground.narrow and ground.rounds < LASTING:
        return _by_support(ground, State.SUSPECTED)
    told = ground.gain >= SURE_GAIN and ground.sharing > 1 and not ground.forgeable
    sure = told and ground.rounds > 2  # noqa: PLR2004
    return _by_support(ground, State.CONFIRMED if sure else State.LIKELY)


def _one_country(ground: Ground) -> State:
    """A country that the service refuses, or whose networks are slow: others are not."""
    return _seen_again(ground) if outside_well(ground) else State.INSUFFICIENT


def _seen_again(ground: Ground) -> State:
    if ground.rounds < 2:  # noqa: PLR2004
        return State.INSUFFICIENT
    if ground.networks < 2 and ground.observed > 1:  # noqa: PLR2004
        return _by_support(ground, State.SUSPECTED)
    sure = ground.networks > 1 and ground.rounds > 2  # noqa: PLR2004
    return _by_support(ground, State.CONFIRMED if sure else State.LIKELY)


def _refusal(ground: Ground) -> State:
    """In the service's own words; what is silent may be a filter as well, and is but suspected.

    Where it fails by its own fault in as many countries as reach it well, that is no choice of some;
    but a page that names the country or the law needs no others to tell it from a breakdown.
    """
    if ground.worded:
        told, served = _seen_again(ground), ground.refused_countries < ground.known_countries
        return told if served else min(told, State.LIKELY, key=STRENGTH.__getitem__)
    if 2 * ground.outage_countries > ground.through:
        return State.INSUFFICIENT
    if ground.server_networks:
        return _one_country(ground)
    silent = _one_country(msgspec.structs.replace(ground, support=ground.support + ground.rival))
    return min(silent, State.SUSPECTED, key=STRENGTH.__getitem__)


def _ok(ground: Ground) -> State:
    if not ground.working:
        return State.INSUFFICIENT
    return _by_support(ground, State.CONFIRMED if ground.working > 1 else State.LIKELY)


def _own_side(ground: Ground) -> State:
    """Connectivity has gates of its own; of one service it is at most a suspicion."""
    return _by_support(ground, State.SUSPECTED) if ground.rounds > 1 else State.INSUFFICIENT


_GATES: Mapping[Cause, Callable[[Ground], State]] = {
    Cause.OK: _ok,
    Cause.SERVICE_OUTAGE: _outage,
    Cause.DEPENDENCY_OUTAGE: lambda ground: max(
        _outage(ground), _dependency(ground), key=STRENGTH.__getitem__
    ),
    Cause.FILTERING: _filtering,
    Cause.THROTTLING: _one_country,
    Cause.GEO_BLOCK: _refusal,
    Cause.NETWORK_DISRUPTION: _own_side,
    Cause.LOCAL_FAULT: _own_side,
}
