"""DNS messages of the measuring path, written and read by hand: questions for A and AAAA.

Strict: what RFC 1035 does not allow is unreadable as a whole, wherever it stands. A message costs
time in proportion to its size at most, whatever its names point at. Pure.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import IPv6Address

import msgspec

from probe.measure.failure import MISBEHAVING, StepError

TYPES = {"A": 1, "AAAA": 28}
MOST_ADDRESSES = 32
"""Kept of an answer."""
MOST_RECORDS = 1000
MOST_JUMPS = 127
"""Of one name: it cannot have more labels."""
LONGEST_NAME = 255
"""RFC 1035, section 2.3.4: on the wire, with the length bytes."""
LONGEST_LABEL = 63
POINTER = 0xC0
_TARGET = 0x3FFF
_TO_QUESTION = b"\xc0\x0c"

_HEADER = struct.Struct("!6H")
_QUESTION = struct.Struct("!2H")
_RECORD = struct.Struct("!2HIH")
_SHORT = struct.Struct("!H")
_RECURSION_DESIRED = 0x0100
_RESPONSE = 0x8000
_TRUNCATED = 0x0200
_RCODE = 0x000F
_IN, _CNAME, _OPT = 1, 5, 41
_FOUR, _SIXTEEN = 4, 16
_MAPPED = bytes(10) + b"\xff\xff"


class Question(msgspec.Struct, frozen=True, gc=False):
    name: str
    query: str
    """A or AAAA."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One message that came back, read."""

    rcode: int
    addresses: tuple[str, ...]
    cut: bool
    """Too long for a datagram (TC): ask again over TCP."""
    raw: bytes
    aliases: tuple[str, ...] = ()
    """The names that CNAME records give, in lower case."""


def write(number: int, question: Question) -> bytes:
    """Write a question under this id, of 16 bits.

    Without EDNS, as the system's own stub asks: nothing a home router could stumble over.
    """
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + _asked(question)


def is_answer(wire: bytes, number: bytes) -> bool:
    """Tell whether a message says of itself that it answers the question of this id."""
    return wire[:2] == number and len(wire) >= _HEADER.size and wire[2] & (_RESPONSE >> 8) != 0


def read(wire: bytes, question: Question) -> Answer | None:
    """Read an answer; None when it is to another question. Raises StepError when unreadable."""
    try:
        return _read(wire, question)
    except (struct.error, IndexError):
        raise StepError(MISBEHAVING, "unreadable answer: it ends too soon") from None


@lru_cache(4096)
def _asked(question: Question) -> bytes:
    labels = question.name.encode("ascii").split(b".")
    name = b"".join(bytes((len(label),)) + label for label in labels)
    return name + b"\0" + _QUESTION.pack(TYPES[question.query], _IN)


def _read(wire: bytes, question: Question) -> Answer | None:
    _, flags, questions, answers, authority, additional = _HEADER.unpack_from(wire)
    if answers + authority + additional > MOST_RECORDS or questions > MOST_RECORDS:
        raise _unreadable("it says that it has too many records")
    reading = _Reading(wire)
    for _ in range(questions):
        if not reading.asks(question):
            return None
    wanted = TYPES[question.query]
    for _ in range(answers):
        reading.record(wanted)
    for _ in range(authority):
        reading.record(0)
    for _ in range(additional):
        reading.record(0, may_extend=True)
    found = tuple(reading.addresses)[:MOST_ADDRESSES]
    rcode = flags & _RCODE | (reading.extended or 0) << 4
    aliases = tuple(reading.aliases)[:MOST_ADDRESSES]
    return Answer(rcode, found, bool(flags & _TRUNCATED), wire, aliases)


class _Reading:
    """A place in a message, and what was read up to there."""

    def __init__(self, wire: bytes) -> None:
        self._wire, self._at = wire, _HEADER.size
        self._named = False
        self.addresses: dict[str, None] = {}
        """In order, each once."""
        self.aliases: dict[str, None] = {}
        """The same of names."""
        self.extended: int | None = None
        """The upper eight bits of the rcode, where an OPT record gives them (RFC 6891)."""

    def asks(self, question: Question) -> bool:
        """Read one question; tell whether it is this one, whatever its case."""
        asked = _asked(question)
        end = self._at + len(asked)
        self._named = True
        if self._wire[self._at : end] == asked:
            self._at = end
            return True
        name, self._at = _name(self._wire, self._at)
        kind, _ = _QUESTION.unpack_from(self._wire, self._at)
        self._at += _QUESTION.size
        return name == asked[: -_QUESTION.size] and kind == TYPES[question.query]

    def record(self, wanted: int, *, may_extend: bool = False) -> None:
        """Read one record: an address where it is of the type wanted, else only its form."""
        wire, at = self._wire, self._at
        name = b"\0"
        if (
            self._named and wire[at : at + 2] == _TO_QUESTION
        ):  # the question's name, which was read already
            at += 2
        else:
            name, at = _name(wire, at)
        kind, group, life, length = _RECORD.unpack_from(wire, at)
        start = at + _RECORD.size
        self._at = end = start + length
        if end > len(wire):
            raise _unreadable("a record ends too soon")
        if kind == wanted and group == _IN:
            self.addresses[_address(kind, wire[start:end])] = None
        elif kind == _CNAME:
            alias, after = _name(wire, start)
            if after != end:
                raise _unreadable("a record is not as long as it says")
            if wanted:
                self.aliases[_text(alias)] = None
        elif kind == _OPT:
            self._extend(life, allowed=may_extend and name == b"\0")

    def _extend(self, life: int, *, allowed: bool) -> None:
        if not allowed or self.extended is not None:
            raise _unreadable("an OPT record where none may be")
        self.extended = life >> 24


def _name(wire: bytes, at: int) -> tuple[bytes, int]:
    """Read a name, in lower case and without pointers, and give where what follows it begins."""
    labels: list[bytes] = []
    length, after, lowest, jumps = 1, -1, at, 0
    while size := wire[at]:
        if size <= LONGEST_LABEL:
            label = wire[at : at + 1 + size]
            at += 1 + size
            labels.append(label.lower())
            length += len(label)
            if length > LONGEST_NAME:
                raise _unreadable("a name is too long")
            continue
        target = _SHORT.unpack_from(wire, at)[0] & _TARGET
        # Only ever backwards, so that there is no circle.
        if size < POINTER or target >= lowest or jumps > MOST_JUMPS:
            raise _unreadable("a name points nowhere")
        after = after if after >= 0 else at + 2
        at = lowest = target
        jumps += 1
    return b"".join(labels) + b"\0", after if after >= 0 else at + 1


def _text(name: bytes) -> str:
    """Write a name, of which only letters that a host name has are of interest."""
    labels, at = [], 0
    while size := name[at]:
        labels.append(name[at + 1 : at + 1 + size].decode("latin-1"))
        at += 1 + size
    return ".".join(labels)


def _address(kind: int, data: bytes) -> str:
    if len(data) != (_FOUR if kind == TYPES["A"] else _SIXTEEN):
        raise _unreadable("an address is not as long as it must be")
    return "{}.{}.{}.{}".format(*data) if kind == TYPES["A"] else _six(data)


@lru_cache(4096)
def _six(data: bytes) -> str:
    if data.startswith(_MAPPED):  # which not every release of Python writes alike
        return "::ffff:{}.{}.{}.{}".format(*data[12:])
    return str(IPv6Address(data))


def _unreadable(words: str) -> StepError:
    return StepError(MISBEHAVING, f"unreadable answer: {words}")
