"""Any number of items in order of time, in bounded memory: sorted parts on disk, merged."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import IO, Self

import msgspec

from probe.desk.reading import Item
from probe.model import Measurement, Paired

PART = 20_000
"""Items that are held in memory to be sorted at once."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An item on disk: exactly one of the two."""

    one: Measurement | None = None
    two: Paired | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Kept)
_LENGTH_BYTES = 4


def key(item: Item) -> tuple[datetime, str]:
    """Order by time, then by id, so that the same items always have one order."""
    measurement = item.own if isinstance(item, Paired) else item
    return measurement.at, measurement.id


def _who(item: Item) -> tuple[str, bool]:
    return (item.own.vantage.id, True) if isinstance(item, Paired) else (item.vantage.id, False)


class Span(msgspec.Struct, frozen=True):
    """From when to when a probe host measured, and from which country at first."""

    first: datetime
    last: datetime
    country: str


class Ordered:
    """Items in order, to be gone through as often as one likes while it is open."""

    def __init__(self, part: int = PART) -> None:
        self._part = part
        self._held: list[Item] = []
        self._parts: list[IO[bytes]] = []
        self._files = ExitStack()
        self.count = 0
        self.lasts: dict[tuple[str, bool], datetime] = {}
        """(Vantage, whether it was beside a helper) → its latest time."""
        self._firsts: dict[str, tuple[datetime, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, item: Item) -> None:
        self._held.append(item)
        self.count += 1
        at = key(item)[0]
        who = _who(item)
        self.lasts[who] = max(at, self.lasts.get(who, at))
        if isinstance(item, Measurement):
            first = at, item.vantage.country
            self._firsts[item.vantage.id] = min(first, self._firsts.get(item.vantage.id, first))
        if len(self._held) >= self._part:
            self._spill()

    @property
    def spans(self) -> list[Span]:
        """Of every probe host of ours; looks beside a helper's are not repeated."""
        return [
            Span(first, self.lasts[name, False], country)
            for name, (first, country) in self._firsts.items()
        ]

    def __iter__(self) -> Iterator[Item]:
        self._held.sort(key=key)
        parts: list[Iterable[Item]] = [_read(file) for file in self._parts]
        return heapq.merge(*parts, self._held, key=key)

    def _spill(self) -> None:
        self._held.sort(key=key)
        file = self._files.enter_context(tempfile.TemporaryFile(prefix="probe-judge-"))  # noqa: SIM115 — the stack closes it
        for item in self._held:
            kept = _Kept(two=item) if isinstance(item, Paired) else _Kept(one=item)
            data = _ENCODER.encode(kept)
            file.write(len(data).to_bytes(_LENGTH_BYTES) + data)
        self._parts.append(file)
        self._held.clear()


def _read(file: IO[bytes]) -> Iterator[Item]:
    """One part, by its own place in the file: several readers may be at it in turn."""
    place = 0
    while True:
        file.seek(place)
        block = file.read(1 << 20)
        start = 0
        while len(block) - start >= _LENGTH_BYTES:
            length = int.from_bytes(block[start : start + _LENGTH_BYTES])
            end = start + _LENGTH_BYTES + length
            if end > len(block):
                if start:
                    break
                block += file.read(end - len(block))
            kept = _DECODER.decode(memoryview(block)[start + _LENGTH_BYTES : end])
            item = kept.one or kept.two
            if item is not None:
                yield item
            start = end
        if not start:
            return
        place += start
