"""What is seen on which of an incident's networks: what some of them do is not said of others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from probe.judge import phrases
from probe.judge.view import View
from probe.model import Evidence, Incident, Verdict

MOST_WAYS = 3
"""Ways that are told with their networks; of more it is said on how many networks they are."""
TEST = "test."
"""Rules of tests beyond the target."""

Way = tuple[tuple[int, ...], str]
"""Networks, and what is seen there."""


def told(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Say on which networks what is seen: once where all show the same, else of each way its own.

    It follows the name of a place.
    """
    held = _pieces(incident, own)
    ways = _ways(held)
    before = [asn for asn in incident.networks if asn not in held] if held else []
    now = [asn for asn in incident.networks if asn not in before]
    earlier = f"; earlier on {phrases.named(before, view)} as well" if before else ""
    if len(ways) < 2:  # noqa: PLR2004 — one way is everybody's
        words = ways[0][1] if ways else phrases.seen(incident.evidence)
        return f"{phrases.on(now, view)}: {words}{earlier}"
    named = [f"on {phrases.named(asns, view)} {words}" for asns, words in ways[:MOST_WAYS]]
    more = sum(len(asns) for asns, _ in ways[MOST_WAYS:])
    rest = [f"in other ways on {phrases.counted(more, 'more network')}"] if more else []
    *first, last = (*named, *rest)
    count = phrases.counted(len(now), "network")
    return f" on {count}: {'; '.join(first)}; and {last}{earlier}"


def _ways(held: Mapping[int, Sequence[Evidence]]) -> list[Way]:
    """The most common way first, of equally common ones that of the lowest AS number."""
    common = Counter(
        way for pieces in held.values() for way in {_named(p) for p in _mains(pieces)}
    )
    by_way: dict[str, list[int]] = defaultdict(list)
    for asn in sorted(held):
        by_way[_way(held[asn], common)].append(asn)
    order = sorted(by_way.items(), key=lambda item: (-len(item[1]), item[1]))
    return [(tuple(asns), _words(way, asns, held)) for way, asns in order]


def _pieces(incident: Incident, own: Iterable[Verdict]) -> dict[int, list[Evidence]]:
    """Network → the evidence of those of its verdicts that the incident rests on, each piece once."""
    held: dict[int, dict[Evidence, None]] = defaultdict(dict)
    for v in own:
        if v.network in incident.networks and v.leading is incident.cause:
            held[v.network].update(dict.fromkeys(p for p in v.evidence if _counts(p)))
    return {asn: list(pieces) for asn, pieces in held.items() if pieces}


_RANKS = {rule: rank for rank, (rule, _) in enumerate(phrases.SEEN)}


def _counts(piece: Evidence) -> bool:
    return piece.rule in _RANKS or piece.rule.startswith(phrases.PAIRED)


def _mains(pieces: Sequence[Evidence]) -> Sequence[Evidence]:
    """Tests beside a sight say more of it, and do not make it another."""
    return [p for p in pieces if not p.rule.startswith(TEST)] or pieces


def _way(pieces: Sequence[Evidence], common: Mapping[str, int]) -> str:
    """The mechanism that most of the sights show, of equally many that which most networks show.

    One odd sight beside one like the others' is no way of the network's own.
    """
    mains = _mains(pieces)
    sights = {(_named(p), p.vantage, p.measurement) for p in mains}
    seen = Counter(way for way, _, _ in sights)
    telling = {way: min(_rank(p) for p in mains if _named(p) == way) for way in seen}
    return min(seen, key=lambda way: (-seen[way], -common[way], telling[way], way))


def _named(piece: Evidence) -> str:
    return piece.mechanism or piece.rule


def _rank(piece: Evidence) -> int:
    return _RANKS.get(piece.rule, len(_RANKS))


def _words(way: str, asns: Iterable[int], held: Mapping[int, Sequence[Evidence]]) -> str:
    """What is seen of one way, and of the tests beside those very sights."""
    pieces = [p for asn in asns for p in held[asn]]
    sights = {(p.vantage, p.measurement) for p in pieces if _named(p) == way}
    return phrases.seen(
        p
        for p in pieces
        if _named(p) == way or (p.rule.startswith(TEST) and (p.vantage, p.measurement) in sights)
    )
