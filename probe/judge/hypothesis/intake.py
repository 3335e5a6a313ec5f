"""Whose silence is believed: it may be we who do not hear, or nobody was there to be heard beside.

A loss is told of a country only while others are heard who were there when it began. Most vantages
silent at once is our intake; so is silence alone that takes several countries whole in the same
minutes, by a part of it or the way there: each is seldom lost, and three at once hardly ever by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice

from probe.judge.health import UNWELL, Condition, Health
from probe.judge.hypothesis.departure import TOGETHER_ROUNDS, when
from probe.judge.rhythm import there_since
from probe.judge.view import View

SEVERAL = 3
"""Countries that fall silent whole at once, from which on it is rather us."""
FEWEST_WITNESSES = 2
"""Vantages elsewhere that were there when a silence began, where there are so many at all: the clock
of a single one may be wrong as well."""


def compared(heard: Sequence[Health], view: View) -> list[Health]:
    """All but those who fell silent when nobody who is heard now was there."""
    alive = sorted(
        (there_since(h.vantage.id, view), h.vantage.country) for h in heard if is_alive(h)
    )
    return [h for h in heard if not _silent(h) or _witnessed(h, alive, view)]


def believed(heard: Sequence[Health], view: View) -> frozenset[str]:
    """Ids of the vantages whose trouble is their own or that of where they are."""
    countries: dict[str, list[Health]] = defaultdict(list)
    for health in heard:
        countries[health.vantage.country].append(health)
    if _deaf(countries):
        return frozenset()
    speaking = {h.vantage.country for h in heard if is_alive(h)}
    ours = _at_once(countries, view)
    return frozenset(
        h.vantage.id
        for h in compared(heard, view)
        if h.vantage.country not in ours and speaking - {h.vantage.country}
    )


def is_alive(health: Health) -> bool:
    return health.condition not in UNWELL


def _witnessed(health: Health, alive: Iterable[tuple[datetime, str]], view: View) -> bool:
    """Whether the first of those who are heard elsewhere were there when it fell silent."""
    elsewhere = (since for since, country in alive if country != health.vantage.country)
    first = list(islice(elsewhere, FEWEST_WITNESSES))
    return not first or first[-1] <= when(health, view) + TOGETHER_ROUNDS * view.round


def _deaf(countries: Mapping[str, Sequence[Health]]) -> bool:
    """Most vantages, over most countries, silent at once: nobody reaches us, so it is us."""
    silent = {c: sum(map(_silent, own)) for c, own in countries.items()}
    speaking = sum(silent[c] < len(own) for c, own in countries.items())
    everyone = sum(map(len, countries.values()))
    return 2 * sum(silent.values()) > everyone and 2 * speaking <= len(countries)


def _silent(health: Health) -> bool:
    return health.condition is Condition.SILENT


def _at_once(countries: Mapping[str, Sequence[Health]], view: View) -> frozenset[str]:
    """Countries that fell silent whole, one after another within minutes, and measured nothing before.

    A lone vantage that is turned off is no country.
    """
    left = sorted(
        (max(when(h, view) for h in own), country)
        for country, own in countries.items()
        if len(own) > 1 and all(_silent(h) and not h.shown for h in own)
    )
    wait, runs = TOGETHER_ROUNDS * view.round, list[list[str]]()
    for place, (at, country) in enumerate(left):
        if place and at - left[place - 1][0] <= wait:
            runs[-1].append(country)
        else:
            runs.append([country])
    return frozenset(chain.from_iterable(run for run in runs if len(run) >= SEVERAL))
