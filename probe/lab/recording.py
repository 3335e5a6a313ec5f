"""Recorded runs: a header and then measurements, as JSON Lines, compressed if the name says so."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import msgspec

from probe.config.load import ConfigError
from probe.desk import lines
from probe.desk.lines import BrokenFileError
from probe.lab import line
from probe.model import Measurement
from probe.transport import wire


class Header(msgspec.Struct, frozen=True, kw_only=True):
    scenario: str
    began: datetime
    """The scenario's second 0."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    header: Header
    measurements: tuple[Measurement, ...]
    """In order of time."""


def save(path: Path, recording: Recording) -> None:
    ordered = sorted(recording.measurements, key=lambda m: (m.at, m.id))
    with _made(path) as file:
        file.write(line.encode(recording.header) + wire.encode(ordered))


def _made(path: Path) -> IO[bytes] | gzip.GzipFile | lzma.LZMAFile:
    """Compressed where the name says so."""
    match path.suffix:
        case ".gz":
            return gzip.open(path, "wb")
        case ".xz":
            return lzma.open(path, "wb")
        case _:
            return path.open("wb")


def load(path: Path) -> Recording:
    """Read a recording, whatever compressed it; ConfigError says what is wrong with it."""
    try:
        head, *rest = [held.text for held in lines.read(path)]
        header = line.decode(head, Header)
        measurements = tuple(line.decode(text, Measurement) for text in rest)
    except (ValueError, BrokenFileError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: not a recorded run ({error}); make one by --record") from error
    return Recording(header=header, measurements=measurements)


def shifted(measurements: Sequence[Measurement], by: timedelta) -> tuple[Measurement, ...]:
    """Move measurements in time, whole: as if they were made then."""
    return tuple(_moved(measurement, by) for measurement in measurements)


def _moved(measurement: Measurement, by: timedelta) -> Measurement:
    observations = tuple(
        msgspec.structs.replace(step, at=step.at + by) for step in measurement.observations
    )
    return msgspec.structs.replace(measurement, at=measurement.at + by, observations=observations)
