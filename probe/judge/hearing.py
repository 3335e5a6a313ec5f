"""From a stored record to what the judge takes of it, read off its bytes where it is a whole answer.

Nearly all are: of such a one the types below take what `reading` asks for and pass over the rest,
which is most of the decoding. They hold nothing but what is no odder than that: whatever does not
fit, or is odd otherwise, is decoded in full and read as any measurement is.

Half of the time is msgspec's, and most of that the passing over. Others take longer: one regular
expression over the record twice as long, many records decoded at once a tenth more at best; to cut
it at its keys costs as much in cuts as in steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, final

import msgspec
from msgspec import Raw

from probe.judge.health import spoilt
from probe.judge.memory import Word, holds, site_of
from probe.judge.once import Once
from probe.judge.reading import is_bogon, read
from probe.judge.sight import Glance, Sight
from probe.judge.sites import NOWHERE, written
from probe.judge.traits import SLOW_SECONDS
from probe.judge.view import Memory
from probe.model import CONTROL, DnsLookup, Health, Measurement, Target, Vantage


class Heard(msgspec.Struct, frozen=True, eq=False, gc=False):
    """All that a judge takes of one measurement; the measurement itself is not held."""

    sight: Sight
    software: str
    site: tuple[str, str]
    """As a `Word` tells it."""
    addresses: tuple[str, ...]
    """All that were answered to its questions, its tests' too."""

    @property
    def telling(self) -> bool:
        """Whether it tells how a control went."""
        sight = self.sight
        return sight.target.service == CONTROL and not spoilt(sight)

    @property
    def word(self) -> Word:
        sight = self.sight
        return Word(
            id=sight.id, at=sight.at, vantage=sight.vantage, software=self.software,
            site=self.site, met=sight.met if self.telling else None,
        )  # fmt: skip


def words(heard: Sequence[Heard], memory: Memory) -> list[Word]:
    """What they leave to a memory: the controls' words alone where it holds what all others say."""
    known = all(holds(memory, h.sight.vantage, h.software, h.site) for h in heard)
    return [one.word for one in heard if not known or one.telling]


# ── a whole answer, as it is written ─────────────────────────────────────────────────────────


class _Plain(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind"):
    """A step of the plain chain that went well, before any redirect."""

    failure: None = None
    hop: Literal[0] = 0
    test: None = None


@final
class _Lookup(_Plain, frozen=True, gc=False, tag="dns"):
    answers: tuple[str, ...] = ()
    late: tuple[()] = ()


@final
class _Connect(_Plain, frozen=True, kw_only=True, gc=False, tag="tcp"):
    took: float
    address: str


@final
class _Handshake(_Plain, frozen=True, kw_only=True, gc=False, tag="tls"):
    took: float
    address: str


@final
class _Answer(_Plain, frozen=True, kw_only=True, gc=False, tag="http"):
    took: float
    url: str
    address: str
    status: int | None = None
    headers: Raw = Raw(b"[]")
    expectation: Literal["met"]


_Step = _Lookup | _Connect | _Handshake | _Answer


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    id: str
    at: datetime
    vantage: Raw
    target: Raw
    health: Raw = Raw(b"{}")
    observations: tuple[_Step, ...]
    software: str = ""


_whole = msgspec.json.Decoder(_Whole).decode
_full = msgspec.json.Decoder(Measurement).decode


def hear(record: bytes) -> Heard:
    """Read one measurement as `wire.line` writes it and as the store holds it.

    It comes to what `read` and `memory.word` come to. Raises msgspec.DecodeError for what is none, but
    it is no check: that is made of what comes in, before it is stored. Where the record of a
    whole answer is wrong in what is passed over here, it is taken none the less.
    """
    try:
        told = _whole(record)
    except msgspec.ValidationError:
        return _studied(_full(record))
    return _glance(told) or _studied(_full(record))


def _glance(told: _Whole) -> Heard | None:
    last = told.observations[-1] if told.observations else None
    if type(last) is not _Answer or not last.url.startswith("https:"):
        return None
    way = _way(told.observations, last)
    if way is None:
        return None
    answers, valid, bogon = _WHERE[way[0], way[1]]
    vantage, health = _WHO[b",".join((told.vantage, told.health))]
    sight = Glance(
        id=told.id, at=told.at, vantage=vantage, target=_WHAT[bytes(told.target)], health=health,
        answers=answers, valid=valid, bogon=bogon, doubled=(), status=last.status, pace=way[2],
        site=written(last.headers),
    )  # fmt: skip
    site = sight.site
    return Heard(sight, told.software, site if site[1] else NOWHERE, answers)


def _way(
    steps: Sequence[_Step], last: _Answer
) -> tuple[tuple[str, ...], tuple[str, ...], float] | None:
    """Addresses that were answered, those that shook hands, and seconds that the last one took.

    None where that is odd.
    """
    names: tuple[str, ...] = ()
    shaken: tuple[str, ...] = ()
    pace = 0.0
    where = last.address
    for step in steps:
        if type(step) is _Lookup:
            names = names + step.answers if names else step.answers
        elif type(step) is _Connect:
            if step.address == where:
                pace += step.took
        elif type(step) is _Handshake:
            shaken = (*shaken, step.address) if shaken else (step.address,)
            if step.address == where:
                pace += step.took
        elif step is not last:
            return None
    pace += last.took
    return (names, shaken, pace) if where in shaken and pace < SLOW_SECONDS else None


def _studied(measurement: Measurement) -> Heard:
    known = msgspec.structs.replace(
        measurement, vantage=_vantage(measurement.vantage), target=_target(measurement.target),
        health=_health(measurement.health),
    )  # fmt: skip
    told = [step.answers for step in known.observations if type(step) is DnsLookup]
    addresses = told[0] if len(told) == 1 else tuple([a for answers in told for a in answers])
    return Heard(read(known), known.software, site_of(known), addresses)


# ── what comes again, held once ──────────────────────────────────────────────────────────────
# By how it is written, so that it is decoded once too; a window is large, and whoever asks
# whether two sights are alike has the same before him.


def _who(record: bytes) -> tuple[Vantage, Health]:
    vantage, health = msgspec.json.decode(b"[%b]" % record, type=tuple[Vantage, Health])
    return _vantage(vantage), _health(health)


def _what(record: bytes) -> Target:
    return _target(msgspec.json.decode(record, type=Target))


@lru_cache(maxsize=65536)
def _vantage(known: Vantage) -> Vantage:
    return known


@lru_cache(maxsize=65536)
def _target(known: Target) -> Target:
    return known


@lru_cache(maxsize=65536)
def _health(known: Health) -> Health:
    return known


@lru_cache(maxsize=131072)
def _once(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return addresses


def _where(
    told: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Of those that were answered and that shook hands, each once; and whether it is a bogon's.

    That is: whether those that were answered are of no public host, all of them.
    """
    named, shaken = told
    bogon = bool(named) and all(map(is_bogon, named))
    return _once(tuple(dict.fromkeys(named))), _once(tuple(dict.fromkeys(shaken))), bogon


_WHO = Once(_who, 65536)
_WHAT = Once(_what, 65536)
_WHERE = Once(_where, 131072)
