"""Lines to measurements, ours and OONI's, mixed; a bad one is refused alone and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
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


def read(
    paths: Sequence[Path], named: Mapping[str, Target], passed: Passed = lambda _: None
) -> Iterator[Item | Refused]:
    """Give what every line of every file holds. Raises ConfigError for a file that is not there."""
    for path in paths:
        number = 0
        try:
            for line in lines.read(path, passed):
                number = line.number
                found = _parse(path, line, named)
                if not isinstance(found, Aside):
                    yield found
        except BrokenFileError as error:
            said = f"the file breaks off here: {error}; what came before it was read"
            yield Refused(str(path), number + 1, "broken_file", said)


def _parse(path: Path, line: Line, named: Mapping[str, Target]) -> Item | Refused | Aside:
    if not line.whole:
        most = f"the line is longer than the {lines.MAX_LINE_BYTES} bytes that are read"
        return Refused(str(path), line.number, "too_long", most)
    if _foreign(line.text):
        return _theirs(path, line, named)
    if line.number == 1 and _heading(line.text):
        return Aside()
    return _ours(path, line)


def _theirs(path: Path, line: Line, named: Mapping[str, Target]) -> Item | Refused:
    try:
        return ooni.read(line.text, named)
    except ForeignError as error:
        return Refused(str(path), line.number, error.reason.value, str(error))


def _ours(path: Path, line: Line) -> Item | Refused:
    batch = wire.decode(line.text, now=None, late=timedelta.max)
    if batch.accepted:
        return batch.accepted[0]
    refusal = batch.refused[0]
    return Refused(str(path), line.number, refusal.reason.value, refusal.detail)


def _foreign(text: bytes) -> bool:
    """Keys with their quotes cannot stand inside a JSON string, where quotes are escaped."""
    return b'"test_keys"' in text or b'"raw_measurement"' in text or b'"test_name"' in text


def _heading(text: bytes) -> bool:
    return b'"scenario"' in text and b'"began"' in text and b'"vantage"' not in text
