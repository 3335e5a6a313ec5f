"""Lines to measurements, ours and OONI's, mixed; a bad one is refused alone and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from probe.desk import lines
from probe.desk.lines import BrokenFileError, Line, Passed
from probe.interop import ooni
from probe.interop.refusal import ForeignError
from probe.model import Measurement, Paired, Target
from probe.transport import wire

Item = Measurement | Paired


class Refused(msgspec.Struct, frozen=True):
    """A line that is not read."""

    file: str
    line: int
    reason: str
    sentence: str


class Aside(msgspec.Struct, frozen=True):
    """A line that is no measurement and is none's fault: the heading of a recording."""


OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
"""Before anybody measured so; a clock that was never set says 1970."""


def read(
    paths: Sequence[Path], named: Mapping[str, Target], now: datetime,
    passed: Passed = lambda _: None,
) -> Iterator[Item | Refused]:  # fmt: skip
    """Give what every line of every file holds. Raises ConfigError for a file that is not there."""
    for path in paths:
        number = 0
        try:
            for line in lines.read(path, passed):
                number = line.number
                found = _parse(path, line, named, now)
                if not isinstance(found, Aside):
                    yield found
        except BrokenFileError as error:
            said = f"the file breaks off here: {error}; what came before it was read"
            yield Refused(str(path), number + 1, "broken_file", said)


def _parse(
    path: Path, line: Line, named: Mapping[str, Target], now: datetime
) -> Item | Refused | Aside:
    if not line.whole:
        most = f"the line is longer than the {lines.MAX_LINE_BYTES} bytes that are read"
        return Refused(str(path), line.number, "too_long", most)
    if _foreign(line.text):
        return _theirs(path, line, named, now)
    if line.number == 1 and _heading(line.text):
        return Aside()
    return _ours(path, line, now)


def _theirs(path: Path, line: Line, named: Mapping[str, Target], now: datetime) -> Item | Refused:
    try:
        look = ooni.read(line.text, named)
    except ForeignError as error:
        return Refused(str(path), line.number, error.reason.value, str(error))
    if OLDEST <= look.own.at <= now + wire.AHEAD:
        return look
    said = f"measurement_start_time is {look.own.at.isoformat()}, which is not from 2010 to now"
    return Refused(str(path), line.number, "time_out_of_range", said)


def _ours(path: Path, line: Line, now: datetime) -> Item | Refused:
    one = line.text.replace(b"\n", b" ")  # no text of JSON's has a line end in it
    batch = wire.decode(one, now=now, late=now - OLDEST)
    if batch.accepted:
        return batch.accepted[0]
    refusal = batch.refused[0]
    return Refused(str(path), line.number, refusal.reason.value, refusal.detail)


def _foreign(text: bytes) -> bool:
    """Keys with their quotes cannot stand inside a JSON string, where quotes are escaped."""
    return b'"test_keys"' in text or b'"raw_measurement"' in text or b'"test_name"' in text


def _heading(text: bytes) -> bool:
    return b'"scenario"' in text and b'"began"' in text and b'"vantage"' not in text
