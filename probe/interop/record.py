"""One line or file of OONI's to its form: unwrapped, typed, and of a test that we read."""

from __future__ import annotations

import re

import msgspec

from probe.interop.form import Report
from probe.interop.refusal import ForeignError, Reason
from probe.transport.wire import unreadable

TEST = "web_connectivity"
MAX_WORDS = 240


class _Head(msgspec.Struct):
    """What tells one kind of record from another."""

    test_name: str | None = None
    test_keys: msgspec.Raw = msgspec.Raw()
    measurement: msgspec.Raw = msgspec.Raw()
    """Explorer wraps the measurement."""
    raw_measurement: msgspec.Raw = msgspec.Raw()
    """The API hands it over as text."""


_HEAD: msgspec.json.Decoder[_Head] = msgspec.json.Decoder(_Head)
_REPORT: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_PLACE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*?)`(?: - at `\$\.?(.*)`)?", re.DOTALL)


def parse(text: bytes) -> Report:
    """Read one record; ForeignError says what is wrong with it."""
    head, inner = _unwrapped(text)
    if head.test_name is not None and head.test_name != TEST:
        raise ForeignError(
            Reason.OTHER_TEST, f"test_name is {head.test_name!r}; only {TEST!r} is read"
        )
    if bytes(head.test_keys) in {b"", b"null"}:
        raise ForeignError(
            Reason.NO_TEST_KEYS,
            "test_keys is null or missing; an object with what was measured is needed",
        )
    try:
        return _REPORT.decode(inner)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ForeignError(Reason.MALFORMED_JSON, unreadable(error)) from error


def _unwrapped(text: bytes) -> tuple[_Head, bytes]:
    try:
        head = _HEAD.decode(text)
        for wrapped in (bytes(head.measurement), bytes(head.raw_measurement)):
            if wrapped and not bytes(head.test_keys):
                quoted = wrapped.startswith(b'"')
                text = msgspec.json.decode(wrapped, type=str).encode() if quoted else wrapped
                return _HEAD.decode(text), text
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ForeignError(Reason.MALFORMED_JSON, unreadable(error)) from error
    return head, text


def _misfit(said: str) -> ForeignError:
    missing = _MISSING.fullmatch(said)
    if missing:
        field = ".".join(filter(None, (missing.group(2), missing.group(1))))
        return ForeignError(Reason.MISSING_FIELD, f"{field} is missing")
    placed = _PLACE.fullmatch(said)
    words, field = (placed.group(1), placed.group(2)) if placed else (said, "the record")
    return ForeignError(Reason.WRONG_TYPE, f"{field}: {_short(words)}")


def _short(said: str) -> str:
    return " ".join(said.split())[:MAX_WORDS]
