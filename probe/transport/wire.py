"""Bytes to measurements and back: JSON Lines, each line accepted or refused alone.

Pure. Unknown fields are ignored, so that a newer agent can talk to an older correlator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from probe.model import Measurement
from probe.model.letters import tame
from probe.transport import plausible

MAX_LINE_BYTES = 256 * 1024
MAX_DETAIL = 300
AHEAD = timedelta(hours=1)
"""How far a probe's clock may run before ours."""


class Reason(StrEnum):
    """Why a line was refused."""

    MALFORMED_JSON = "malformed_json"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_OBSERVATION_KIND = "unknown_observation_kind"
    MISSING_FIELD = "missing_field"
    TIME_TOO_OLD = "time_too_old"
    TIME_IN_FUTURE = "time_in_future"
    BAD_ID = "bad_id"
    BAD_COUNTRY = "bad_country"
    CONTROL_CHARACTER = "control_character"
    """In an id or a name."""
    OUT_OF_RANGE = "out_of_range"
    """An AS number, a port or a status that there is none of."""
    TOO_LONG = "too_long"
    FOREIGN_VANTAGE = "foreign_vantage"
    """Another vantage than the one that the token stands for: the intake's to find."""
    TOO_MANY = "too_many"
    """Past the records that one batch may hold; said once, and the rest is not read."""


class Refusal(msgspec.Struct, frozen=True):
    line: int
    """From 1."""
    reason: Reason
    detail: str
    """One sentence."""


class Batch(msgspec.Struct, frozen=True):
    accepted: tuple[Measurement, ...]
    refused: tuple[Refusal, ...]
    lines: tuple[int, ...] = ()
    """The line of each accepted measurement."""


ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Measurement)


def encode(measurements: Iterable[Measurement]) -> bytes:
    return b"".join(line(measurement) + b"\n" for measurement in measurements)


def line(measurement: Measurement) -> bytes:
    """Give one measurement as one line, without its end."""
    return ENCODER.encode(measurement)


def decode(
    data: bytes, *, now: datetime | None, late: timedelta, records: int | None = None
) -> Batch:
    """Read every line, at most `records`; blank ones are skipped. Without `now`, any time is right."""
    accepted: list[Measurement] = []
    lines: list[int] = []
    refused: list[Refusal] = []
    for count, (number, text) in enumerate(_lines(data)):
        if count == records:
            most = f"at most {records} records are read of one batch; send the rest again"
            refused.append(Refusal(number, Reason.TOO_MANY, most))
            break
        read = _read(number, text, now, late)
        if isinstance(read, Refusal):
            refused.append(read)
        else:
            accepted.append(read)
            lines.append(number)
    return Batch(tuple(accepted), tuple(refused), tuple(lines))


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """One at a time: a body of nothing but line ends must not become a list of millions."""
    start, number = 0, 1
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        text = data[start:end]
        if text and not text.isspace():
            yield number, text
        start, number = end + 1, number + 1


def _read(
    number: int, text: bytes, now: datetime | None, late: timedelta
) -> Measurement | Refusal:
    if len(text) > MAX_LINE_BYTES:
        size = f"the line has {len(text)} bytes, and at most {MAX_LINE_BYTES} are read"
        return Refusal(number, Reason.TOO_LONG, size)
    try:
        measurement = DECODER.decode(text)
    except msgspec.ValidationError as error:
        return Refusal(number, *_misfit(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(number, Reason.MALFORMED_JSON, unreadable(error))
    problem = _implausible(measurement, now, late)
    return Refusal(number, *problem) if problem else measurement


MISFITS: tuple[tuple[re.Pattern[str], Reason], ...] = (
    (
        re.compile(r"Invalid value '.*' - at `\$\.observations\[.*\]\.kind`", re.DOTALL),
        Reason.UNKNOWN_OBSERVATION_KIND,
    ),
    (re.compile(r"Object missing required field `kind`"), Reason.UNKNOWN_OBSERVATION_KIND),
    (re.compile(r"Object missing required field"), Reason.MISSING_FIELD),
    (re.compile(r"Expected `array` of at least length"), Reason.MISSING_FIELD),
)
"""How msgspec says it, and what we call it; all else is `wrong_type`."""


_MISSING = re.compile(r"Object missing required field `(.*?)`(?: - at `\$\.?(.*)`)?", re.DOTALL)
_PLACED = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def _misfit(said: str) -> tuple[Reason, str]:
    reason = next((name for form, name in MISFITS if form.search(said)), Reason.WRONG_TYPE)
    return reason, _short(_by_field(said))


def _by_field(said: str) -> str:
    """Begin with the field, without the sign that stands for the record."""
    missing = _MISSING.fullmatch(said)
    if missing:
        return f"{'.'.join(filter(None, (missing[2], missing[1])))} is missing"
    placed = _PLACED.fullmatch(said)
    return f"{placed[2]}: {placed[1]}" if placed and placed[2] else f"the record: {said}"


def unreadable(error: Exception) -> str:
    """Say in one sentence why bytes are no JSON."""
    if isinstance(error, RecursionError):
        return "the JSON is nested deeper than any measurement is"
    if isinstance(error, UnicodeError) or "UTF-8" in str(error):  # msgspec says it in either way
        return "the text is not UTF-8, as JSON has to be"
    return _short(str(error))


def _short(said: str) -> str:
    return tame(" ".join(said.split()))[:MAX_DETAIL]


IMPLAUSIBLE: tuple[tuple[Reason, Callable[[Measurement], str]], ...] = (
    (Reason.BAD_ID, plausible.misnamed),
    (Reason.BAD_COUNTRY, plausible.nowhere),
    (Reason.CONTROL_CHARACTER, plausible.commanding),
    (Reason.TOO_LONG, plausible.endless),
    (Reason.WRONG_TYPE, plausible.untyped),
    (Reason.OUT_OF_RANGE, plausible.unnumbered),
)
"""What says what is wrong with a measurement, and what we call that; the first to find something counts."""


def _implausible(
    measurement: Measurement, now: datetime | None, late: timedelta
) -> tuple[Reason, str] | None:
    for reason, wrong in IMPLAUSIBLE:
        if said := wrong(measurement):
            return reason, said
    return _untimely(measurement.at, now, late)


def _untimely(at: datetime, now: datetime | None, late: timedelta) -> tuple[Reason, str] | None:
    if now is None:
        return None
    if at > now + AHEAD:
        return Reason.TIME_IN_FUTURE, f"at is {at.isoformat()}, and here it is {now.isoformat()}"
    if at < now - late:
        return (
            Reason.TIME_TOO_OLD,
            f"at is {at.isoformat()}, and nothing before {_day(now - late)} is read",
        )
    return None


def _day(at: datetime) -> str:
    """A time, or its day alone where it is its beginning."""
    midnight = at == at.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{at:%Y-%m-%d}" if midnight else f"{at:%Y-%m-%d %H:%M:%S} UTC"
