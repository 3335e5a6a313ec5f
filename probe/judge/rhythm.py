"""How often each vantage is heard, and so after how long its silence says anything.

An agent may be told to measure less often than is judged. Nothing in what it sends says so: it is
learned from what was heard of it, judging by judging.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from probe.judge.view import Rhythm, View

SILENT_ROUNDS = 2.0
"""Longer than so many of its own rounds without a measurement is silence."""
UNEVEN = 1.5
"""Rounds that may lie between two words of who measures in each of them: each moves its starts."""
MOST_GAPS = 15
FEWEST_GAPS = 3
"""Before so many are known a vantage may be a slow one."""
SLOW_ROUNDS = 5
"""The cadence of one that may be: one of five minutes among those of one, as far as is known of others."""
RARE = 6
"""Of so many gaps the longest may be an outage, or the correlator's own absence."""
KEPT = timedelta(days=7)
"""Who was not heard for so long is new when it comes again."""
ALWAYS = datetime.min.replace(tzinfo=UTC)


def silent(name: str, heard: datetime, view: View) -> bool:
    """Whether a vantage, heard last at a time by its own clock, has been silent for too long.

    Who is heard anew from judging to judging is not, however far behind its clock is.
    """
    if view.now - heard <= SILENT_ROUNDS * view.round:
        return False  # nobody is quicker, and nearly everybody is heard
    known = view.memory.rhythms.get(name)
    usual = cadence(known, view)
    if view.now - heard <= SILENT_ROUNDS * usual:
        return False
    return known is None or (heard <= known.heard and view.now - known.seen >= usual)


def cadence(known: Rhythm | None, view: View) -> timedelta:
    """Its usual longest time between two words: the judge's round, or longer."""
    if known is None:
        return view.round
    gaps = sorted(known.gaps)
    longest = timedelta(seconds=gaps[-1 - len(gaps) // RARE]) if gaps else view.round
    if len(gaps) < FEWEST_GAPS:
        return max(longest, SLOW_ROUNDS * view.round)
    return longest if longest > UNEVEN * view.round else view.round


def there_since(name: str, view: View) -> datetime:
    """Since when a vantage is there to be heard, as far as anybody remembers."""
    known = view.memory.rhythms.get(name)
    if known is None:
        return view.now if view.memory.rhythms else ALWAYS
    return known.first or ALWAYS


def rhythms(told: Iterable[tuple[str, datetime]], view: View) -> Mapping[str, Rhythm]:
    """What is known after a judging of all who were heard lately.

    `told`: vantage and time of what came since the last judging. Of a vantage that is new all of its
    times tell, of others the newest.
    """
    held, new = view.memory.rhythms, defaultdict[str, list[datetime]](list)
    for name, at in told:
        if name not in held:
            new[name].append(at)
    return {
        name: _again(held[name], at, view) if name in held else _begun(new[name], at, view)
        for name, at in view.heard.items()
        if view.now - at <= KEPT
    }


def _begun(times: Iterable[datetime], at: datetime, view: View) -> Rhythm:
    """One newly heard, by its times a round or nearly apart."""
    ordered = sorted({*times, at})
    first = ordered[0] if view.memory.rhythms else None
    known = Rhythm(first=first, heard=ordered[0], seen=view.now)
    for time in ordered:
        if time - known.heard >= view.round / UNEVEN or time == at:
            known = _again(known, time, view)
    return known


def _again(known: Rhythm, at: datetime, view: View) -> Rhythm:
    if at <= known.heard:
        return known
    gap = round((at - known.heard).total_seconds())
    return Rhythm(first=known.first, heard=at, seen=view.now, gaps=(*known.gaps, gap)[-MOST_GAPS:])
