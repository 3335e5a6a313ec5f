"""Durations, sizes and secrets as people write them."""

from __future__ import annotations

import math
import re

from probe.config.shape import Seconds, Secret, Size

DURATION = re.compile(
    r"(?:(?P<d>[0-9.]+)d)?(?:(?P<h>[0-9.]+)h)?(?:(?P<m>[0-9.]+)m(?!s))?"
    r"(?:(?P<s>[0-9.]+)s)?(?:(?P<ms>[0-9.]+)ms)?"
)
SECONDS_IN = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
BYTES_IN = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
LONGEST = 10 * 366 * 86400.0


def hook(shape: type[object], value: object) -> object:
    """Read the types that msgspec does not know; raise ValueError with what would be right."""
    if shape is Seconds:
        return seconds(value)
    if shape is Size:
        return size(value)
    if shape is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected text; put it in quotes")


def seconds(value: object) -> Seconds:
    wrong = f"{value!r} is not a duration; write it like 60s, 1m30s, 250ms or a number of seconds"
    match value:
        case bool():
            raise ValueError(wrong)
        case int() | float():
            number = float(value)
        case str() if value and (found := DURATION.fullmatch(value.strip())):
            number = _sum(found, wrong)
        case _:
            raise ValueError(wrong)
    if not (math.isfinite(number) and 0 <= number <= LONGEST):
        raise ValueError(f"{value!r} is out of range; a duration is from 0s to 3660d")
    return Seconds(number)


def size(value: object) -> Size:
    wrong = f"{value!r} is not a size; write it like 512KiB, 20MiB or a number of bytes"
    match value:
        case int() if value >= 0 and not isinstance(value, bool):
            return Size(value)
        case str() if found := SIZE.fullmatch(value.strip()):
            unit = BYTES_IN.get(found[2].lower())
            if unit is not None:
                return Size(int(float(found[1]) * unit))
        case _:
            pass
    raise ValueError(wrong)


def _sum(found: re.Match[str], wrong: str) -> float:
    parts = {unit: text for unit, text in found.groupdict().items() if text}
    if not parts:
        raise ValueError(wrong)
    try:
        return sum(float(text) * SECONDS_IN[unit] for unit, text in parts.items())
    except ValueError:
        raise ValueError(wrong) from None
