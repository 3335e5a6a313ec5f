"""Logs to stderr, as logfmt or JSON, one line each; without the time where the journal adds it.

A change of state is one line with `target` and `state`, whatever else it says.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from probe.config.shape import Logging

STATE = ("target", "state")
"""What a line says besides, where the log record has it (`extra=`)."""

MOST_TOLD = 200
"""Characters of what a stranger sent."""


def to_stderr(section: Logging) -> None:
    """Send this process's logs to stderr, in the format and from the level configured."""
    handler = logging.StreamHandler(sys.stderr)
    timed = "JOURNAL_STREAM" not in os.environ
    handler.setFormatter(Json(timed=timed) if section.format == "json" else Logfmt(timed=timed))
    handler.addFilter(without_trace_of_visitors)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(section.level.upper())


def without_trace_of_visitors(record: logging.LogRecord) -> bool:
    """Say in one line what a visitor sent that is no HTTP: aiohttp's traceback is of no use."""
    error = record.exc_info[1] if record.exc_info else None
    # By its name: to import it here would cost every command what only servers need.
    if error is not None and type(error).__module__ == "aiohttp.http_exceptions":
        what = " ".join(str(error).split())[:MOST_TOLD]
        record.msg, record.args = f"{record.getMessage()}: {what}", ()
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return record.levelno >= logging.getLogger().level


class Logfmt(logging.Formatter):
    """`time=… level=info source=probe.store msg="…"`; a traceback follows on its own lines."""

    def __init__(self, *, timed: bool) -> None:
        super().__init__()
        self._timed = timed

    def format(self, record: logging.LogRecord) -> str:
        line = " ".join(f"{name}={_quoted(value)}" for name, value in fields(record, self._timed))
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    """One JSON object for each line, a traceback in it as `trace`."""

    def __init__(self, *, timed: bool) -> None:
        super().__init__()
        self._timed = timed

    def format(self, record: logging.LogRecord) -> str:
        shown = dict(fields(record, self._timed))
        if record.exc_info:
            shown["trace"] = self.formatException(record.exc_info)
        return json.dumps(shown, ensure_ascii=False)


def fields(record: logging.LogRecord, timed: bool) -> list[tuple[str, str]]:  # noqa: FBT001
    """Give what a line says, in order."""
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    said = [
        ("level", record.levelname.lower()),
        ("source", record.name),
        *((name, str(getattr(record, name))) for name in STATE if hasattr(record, name)),
        ("msg", record.getMessage()),
    ]
    return [("time", at.replace("+00:00", "Z")), *said] if timed else said


def _quoted(value: str) -> str:
    """Quote where logfmt needs it: a line feed in a message must not make a second line."""
    plain = value and value.isprintable() and not set(value) & {" ", '"', "=", "\\"}
    return value if plain else json.dumps(value, ensure_ascii=False)
