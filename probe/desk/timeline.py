"""Stored measurements judged on the grid of rounds, as they would have been when they were made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

import msgspec

from probe.desk.ordering import key
from probe.desk.reading import Item
from probe.judge import incident
from probe.judge.docket import Docket
from probe.judge.memory import remember
from probe.judge.paired import weighing
from probe.judge.paired.weighing import Weighed
from probe.judge.view import Memory, View, window_start
from probe.model import Incident, Measurement, Paired, Service, Vantage, Verdict
from probe.origin import Known, Origins

LOOKS = timedelta(hours=24)
"""How long a look beside its helper's speaks for its network: nobody repeats it every minute."""
PACE = timedelta(hours=1)
"""The round of looks, and the step through a time in which nothing was measured."""
ON_ROLL = timedelta(days=1)
"""A vantage heard so lately is one that may fall silent."""
REMEMBERED = timedelta(days=1)
"""How long a closed incident may be opened again."""
Feature = tuple[str, str]
"""Service and feature."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judging, and what it rested on."""

    view: View
    measurements: Sequence[Measurement]
    """New since the last judging."""
    looks: Sequence[Weighed]
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    """All that there ever were, in the order in which they opened."""
    taken: int
    """Items taken so far."""


def play(
    items: Iterable[Item],
    round_: timedelta,
    services: tuple[Service, ...] = (),
    until: datetime | None = None,
    origins: Origins | None = None,
) -> Iterator[Moment]:
    """Judge items, in order of time, round by round: to the last of them, or to `until`, if later too."""
    coming = iter(items)
    ahead = next(coming, None)
    if ahead is None:
        return
    desk = _Desk(round_, services, Known(origins))
    now, last = grid(key(ahead)[0], round_), until and _before(until, round_)
    while last is None or now <= last:
        while ahead is not None and key(ahead)[0] <= now:
            desk.take(ahead)
            ahead = next(coming, None)
        yield desk.sit(now)
        following = key(ahead)[0] if ahead is not None else last
        if following is None or last == now:
            return
        now = grid(desk.wake(now, min(following, last or following)), round_)


def grid(at: datetime, round_: timedelta) -> datetime:
    """The first point of the grid at or after a time."""
    passed = (at - _EPOCH) / round_
    return _EPOCH + round_ * (int(passed) + (passed > int(passed)))


def _before(at: datetime, round_: timedelta) -> datetime:
    """The last point of the grid until a time."""
    return _EPOCH + round_ * ((at - _EPOCH) // round_)


class _Desk:
    """What a judging leaves for the next one."""

    def __init__(self, round_: timedelta, services: tuple[Service, ...], known: Known) -> None:
        self._round, self._services, self._known = round_, services, known
        self._docket = Docket()
        self._last: datetime | None = None
        self._fresh: list[Measurement] = []
        self._looks: dict[Feature, dict[str, Weighed]] = {}
        self._told: dict[Feature, tuple[Verdict, ...]] = {}
        self._changed: set[Feature] = set()
        self._roll: dict[str, tuple[datetime, Vantage]] = {}
        self._memory = Memory()
        self._open: tuple[Incident, ...] = ()
        self._closed: dict[str, Incident] = {}
        self._taken = 0
        self._busy = False

    def take(self, item: Item) -> None:
        self._taken += 1
        match item:
            case Measurement():
                self._fresh.append(item)
                self._last = item.at
                self._roll[item.vantage.id] = (item.at, item.vantage)
            case Paired():
                look = weighing.weigh(item)
                feature = (look.target.service, look.target.feature)
                self._looks.setdefault(feature, {})[look.id] = look
                self._changed.add(feature)

    @property
    def calm(self) -> bool:
        """Whether nothing can change until the next item: no window, no open incident."""
        return not self._busy and all(held.closed is not None for held in self._open)

    def wake(self, now: datetime, coming: datetime) -> datetime:
        """When the next judging is due, given when the next item comes.

        By the round, or slower while nothing comes; not before it where nothing can change until then.
        """
        soon = now + self._round
        if self._busy:
            return soon
        return max(soon, coming if self.calm else min(now + PACE, coming))

    def sit(self, now: datetime) -> Moment:
        self._known.see(self._fresh)
        view = self._view(now)
        self._forget(view)
        self._docket.add(self._fresh)
        live = self._docket.judge(view) if self._roll else ()
        verdicts = (*live, *self._beside(live, now))
        self._advance(verdicts, view)
        if live:
            self._memory = remember(self._fresh, live, view)
        fresh, self._fresh = self._fresh, []
        return Moment(
            view=view, measurements=fresh, looks=tuple(chain.from_iterable(held.values() for held in self._looks.values())),
            verdicts=verdicts, taken=self._taken,
            incidents=tuple(sorted(chain(self._closed.values(), self._open), key=_opened)),
        )  # fmt: skip

    def _view(self, now: datetime) -> View:
        self._roll = {name: held for name, held in self._roll.items() if now - held[0] <= ON_ROLL}
        return View(
            now=now, round=self._round, services=self._services if self._roll else (),
            roster=tuple(vantage for _, vantage in self._roll.values()),
            heard={name: at for name, (at, _) in self._roll.items()}, memory=self._memory,
            origins=self._known.told(),
        )  # fmt: skip

    def _forget(self, view: View) -> None:
        first = window_start(view) - view.round
        self._docket.forget(window_start(view))
        self._busy = self._last is not None and self._last > first
        for feature, looks in self._looks.items():
            old = [name for name, look in looks.items() if view.now - look.at >= LOOKS]
            for name in old:
                del looks[name]
            if old:
                self._changed.add(feature)

    def _beside(self, live: Sequence[Verdict], now: datetime) -> tuple[Verdict, ...]:
        """What looks come to, where our own measurements say nothing of the same cell."""
        for feature in self._changed:
            self._told[feature] = weighing.verdicts(self._looks[feature].values(), now)
            if not self._looks[feature]:
                del self._looks[feature], self._told[feature]
        self._changed.clear()
        known = {_cell(v) for v in live if v.vantages}
        told = chain.from_iterable(self._told[feature] for feature in sorted(self._told))
        return tuple(v for v in told if _cell(v) not in known)

    def _advance(self, verdicts: tuple[Verdict, ...], view: View) -> None:
        self._open = incident.advance(self._open, verdicts, view)
        for held in self._open:
            if held.closed is not None and view.now - held.updated > REMEMBERED:
                self._closed[held.id] = held
        self._open = tuple(held for held in self._open if held.id not in self._closed)


def _cell(verdict: Verdict) -> tuple[str, str, str, int]:
    return verdict.service, verdict.feature, verdict.country, verdict.network


def _opened(held: Incident) -> tuple[datetime, str]:
    return held.opened, held.id
