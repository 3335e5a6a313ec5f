"""The gate in words: what each number counts, and how much of it the state hangs on.

The thresholds are found by asking the gate itself with one number changed at a time, or two, so
that they are its own whatever it becomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

from probe.judge.hypothesis.gate import Ground, state
from probe.model import STRENGTH, Cause, State

WORDS = {
    "support": "belief in the leading cause",
    "rival": "belief in the other of filtering and geo_block, which looks alike where it is silent",
    "rounds": "rounds that it has lasted",
    "networks": "networks that it affects here",
    "enduring": "of those, where it has lasted three rounds by their own sights",
    "again": "of those, where it was seen at least twice",
    "observed": "networks here that could be looked at",
    "vantages": "probes that it affects here",
    "vouched": "affected networks whose controls passed meanwhile",
    "steady": "of those, whose controls hardly ever fail",
    "settled": "of those, whose controls have hardly failed for rounds",
    "misled": "affected networks that lead the controls astray too",
    "authored": "affected probes with evidence that only the network can have written",
    "network_authored": "affected networks with such evidence",
    "through": "other countries that have had the service's own answer since it began here",
    "barred": "other countries that have not",
    "others": "other countries that could be asked",
    "server_networks": "affected networks here with the failure in the server's own words",
    "worded": "affected networks here to which the refusal speaks of a country or a law",
    "silent": "affected networks where a valid certificate comes and then no answer, round by round",
    "server_countries": "countries with a failure in the server's own words",
    "limited": "it says for the most part that there are too many requests (1: yes)",
    "outage_countries": "countries where the service's side leads",
    "refused_countries": "countries where a refusal by the service leads",
    "known_countries": "countries that were looked at",
    "solid": "it is more than passing trouble (1: yes)",
    "together": "countries where it began at about the same time",
    "gain": "nats by which a shared dependency explains it better than anything else",
    "sharing": "services that fail with that dependency",
    "forgeable": "one border could have written all that tells of it (1: yes)",
    "narrow": "it is a route that but two countries lost (1: yes)",
    "working": "probes here that see it well",
    "excess": "nats by which it fails more often than the controls abroad do",
    "spared": "probes on the affected networks that see it well",
    "dominant": "the affected network is all that the country has (1: yes)",
    "nowhere": "it is not known where its probes are (1: yes)",
    "lone": "of this network one probe alone tells, while others tell of its country (1: yes)",
}
"""Field of the ground → what it counts."""
LESS = frozenset(
    {
        "rival",
        "barred",
        "observed",
        "others",
        "known_countries",
        "forgeable",
        "narrow",
        "spared",
        "lone",
        "limited",
        "nowhere",
    }
)
"""What speaks against: there had to be less of it."""
MOST_ADDED = 6
"""How far a count is tried beyond what it is."""
TRUTHS = frozenset({"solid", "forgeable", "narrow", "dominant", "lone", "limited", "nowhere"})
BELIEFS = frozenset({"support", "rival"})
FINE = 1e-4
SHARES = (0.5, 0.8, 0.95)
"""Where a belief is tried."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One number that the gate looked at."""

    name: str
    words: str
    value: float
    needed: float | None
    """What keeps the state by itself: at least so much, or of what speaks against at most; None where
    the state does not hang on it."""


def bars(cause: Cause, ground: Ground) -> tuple[Bar, ...]:
    """Give each number that is not naught, or that the state hangs on."""
    now = STRENGTH[state(cause, ground)]
    found = []
    for name, words in WORDS.items():
        value = float(getattr(ground, name))
        needed = _needed(cause, ground, name, now)
        if value or needed is not None:
            found.append(Bar(name=name, words=words, value=value, needed=needed))
    return tuple(found)


def _needed(cause: Cause, ground: Ground, name: str, now: int) -> float | None:
    """How far it may go toward doubt before the state falls; None if it may go all the way."""
    value = kept = float(getattr(ground, name))
    for tried in _toward_doubt(name, value):
        if _rank(cause, ground, {name: tried}) < now:
            return _edge(cause, ground, name, (kept, tried), now) if name in BELIEFS else kept
        kept = tried
    return None


def _edge(
    cause: Cause, ground: Ground, name: str, between: tuple[float, float], now: int
) -> float:
    """Where a belief, between one that keeps the state and one that does not, ceases to keep it."""
    kept, lost = between
    while abs(kept - lost) > FINE:
        middle = (kept + lost) / 2
        if _rank(cause, ground, {name: middle}) < now:
            lost = middle
        else:
            kept = middle
    return round(kept, 3)


def _rank(cause: Cause, ground: Ground, changed: dict[str, float]) -> int:
    return STRENGTH[state(cause, _with(ground, changed))]


def _toward_doubt(name: str, value: float) -> list[float]:
    if name in LESS:
        return _more(name, value)
    if name == "support":
        return [share for share in (*reversed(SHARES), 0.0) if share < value]
    return [float(count) for count in range(int(value), -1, -1) if count < value]


def _toward_certainty(name: str, value: float) -> list[float]:
    if name in LESS:
        return [float(count) for count in range(int(value), -1, -1) if count < value]
    return _more(name, value)


def _more(name: str, value: float) -> list[float]:
    if name in BELIEFS:
        return [share for share in SHARES if share > value]
    if name in TRUTHS:
        return [] if value else [1.0]
    return [value + added for added in range(1, MOST_ADDED + 1)]


def _with(ground: Ground, changed: dict[str, float]) -> Ground:
    return msgspec.structs.replace(ground, **changed)


class Wanting(msgspec.Struct, frozen=True, kw_only=True):
    """What would have made it surer."""

    state: State
    ways: tuple[dict[str, float], ...]
    """Each by itself: field of the ground → what it would have had to be. Empty if no two numbers
    would do."""


MOST_WAYS = 4


def wanting(cause: Cause, ground: Ground) -> Wanting | None:
    """Find the least that would have made it surer; None where nothing is surer."""
    now = STRENGTH[state(cause, ground)]
    above = [name for name, rank in STRENGTH.items() if rank > now]
    if not above:
        return None
    for together in (1, 2):
        found = list(_ways(cause, ground, now, together))
        if found:
            aim = min((s for s, _ in found), key=STRENGTH.__getitem__)
            return Wanting(state=aim, ways=tuple(w for s, w in found if s is aim)[:MOST_WAYS])
    return Wanting(state=above[0], ways=())


def _ways(
    cause: Cause, ground: Ground, now: int, together: int
) -> Iterator[tuple[State, dict[str, float]]]:
    for names in combinations(WORDS, together):
        found = _least(cause, ground, names, now)
        if found is not None:
            yield found


def _least(
    cause: Cause, ground: Ground, names: tuple[str, ...], now: int
) -> tuple[State, dict[str, float]] | None:
    """The least change of these numbers that makes it surer."""
    tried: list[dict[str, float]] = [{}]
    for name in names:
        steps = _toward_certainty(name, float(getattr(ground, name)))
        tried = [{**held, name: value} for held in tried for value in steps]
    for changed in sorted(tried, key=lambda held: _far(ground, held)):
        reached = state(cause, _with(ground, changed))
        if STRENGTH[reached] > now:
            return reached, changed
    return None


def _far(ground: Ground, changed: dict[str, float]) -> float:
    return sum(abs(value - float(getattr(ground, name))) for name, value in changed.items())
