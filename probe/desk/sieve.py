"""What is judged of the items: each once, and of every vantage where it is at home, and no flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Self

import msgspec

from probe.desk.ordering import key
from probe.desk.reading import Item
from probe.model import Measurement, Vantage

SETTLED = timedelta(days=1)
"""After so long without a word from its country a vantage is at home wherever it measures then."""
MOVED = timedelta(minutes=30)
"""The same of its network: a host may go over to another, but who is on two at once is on neither, and
would speak for both."""

MOST = 60
"""Looks of one vantage at one endpoint in a minute: no round is shorter than a second."""
_MINUTE = 60.0

_ENCODER = msgspec.msgpack.Encoder()


class Left(StrEnum):
    """Why a measurement that was read is not judged."""

    REPEATED = "repeated"
    COUNTRY_CHANGED = "country_changed"
    NETWORK_CHANGED = "network_changed"
    FLOOD = "flood"
    CLOCK_AHEAD = "clock_ahead"
    LATER_THAN_ASKED = "later_than_asked"


class Sieve(Iterator[Item]):
    """Lets items through in their order; what it keeps back it counts by reason.

    Of items of one time and id, which may yet differ, one is let through: the same one whatever
    their order was.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        """`items`: in order of time and id."""
        self.kept: Counter[Left] = Counter()
        self.passed = 0
        self._homes: dict[str, tuple[Vantage, datetime]] = {}
        self._often: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._items = self._sifted(items)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        item = next(self._items)
        self.passed += 1
        return item

    def _sifted(self, items: Iterable[Item]) -> Iterator[Item]:
        for _, alike in groupby(items, key):
            item = self._one(alike)
            reason = self._against(item) if isinstance(item, Measurement) else None
            if reason is not None:
                self.kept[reason] += 1
            else:
                yield item

    def _against(self, item: Measurement) -> Left | None:
        away = self._away(item)
        return away or (Left.FLOOD if self._looks(item) > MOST else None)

    def _one(self, alike: Iterator[Item]) -> Item:
        chosen = next(alike)
        for other in alike:
            self.kept[Left.REPEATED] += 1
            if other != chosen:
                chosen = min(chosen, other, key=_ENCODER.encode)
        return chosen

    def _away(self, item: Measurement) -> Left | None:
        """Why it is not where its vantage is at home."""
        vantage = item.vantage
        home, seen = self._homes.get(vantage.id, (vantage, item.at))
        if home.country != vantage.country and item.at - seen <= SETTLED:
            return Left.COUNTRY_CHANGED
        if home.asn != vantage.asn and item.at - seen <= MOVED:
            return Left.NETWORK_CHANGED
        self._homes[vantage.id] = (vantage, item.at)
        return None

    def _looks(self, item: Measurement) -> int:
        """How many of its vantage at its endpoint there were in its minute, with this one."""
        place = item.vantage.id, item.target.service, item.target.endpoint
        minute = int(item.at.timestamp() // _MINUTE)
        last, count = self._often.get(place, (minute, 0))
        count = count + 1 if last == minute else 1
        self._often[place] = minute, count
        return count
