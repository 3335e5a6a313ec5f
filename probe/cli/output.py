"""Standard output as a shell gave it: full, closed, with no reader left, or of letters not our own.

What cannot be written is one sentence and an exit code, whichever command it was and wherever it wrote.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CANNOT = 2
"""Exit code where an answer could not be written."""
_CLOSED = ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))
"""What takes the place of a standard file that was closed: it fails as that does, but for errors."""


class OutputError(Exception):
    """Standard output cannot be written. No OSError: no command takes it for one of its own."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self.unread = isinstance(error, BrokenPipeError)
        """The reader went away (`probe … | head`): no error of ours, and nothing left to say."""


class _Outlet(io.RawIOBase):
    """The file descriptor of standard output; raises OutputError, and keeps it."""

    def __init__(self, number: int) -> None:
        self._file = io.FileIO(number, "w", closefd=False)
        self.error: OutputError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def write(self, data: ReadableBuffer, /) -> int | None:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = OutputError(error)
            raise self.error from None


def held(run: Callable[[], int]) -> int:
    """Run a command to the last byte of its output; give its exit code, or that of what went wrong."""
    _fill()
    if sys.stdout is not sys.__stdout__:  # somebody's who calls us, and no file of a shell's
        return run()
    outlet, given = _Outlet(1), sys.stdout
    sys.stdout = _over(outlet, given)
    try:
        return _flushed(run)
    except (OutputError, BaseExceptionGroup):  # a group: from among the tasks of a daemon
        if outlet.error is None:
            raise
        # What is still held back is lost; else it would be tried once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), outlet.fileno())
        return _told(outlet.error)
    finally:
        sys.stdout = given


def _flushed(run: Callable[[], int]) -> int:
    try:
        return run()
    finally:
        sys.stdout.flush()


def _told(error: OutputError) -> int:
    if error.unread:
        return 0
    sys.stderr.write(f"probe: {error}\n")
    return CANNOT


def _fill() -> None:
    """Leave no standard file closed: whatever is opened next would be taken for it."""
    for number, mode in _CLOSED:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 — no path, and for good
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _over(outlet: _Outlet, given: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """As Python's own writes to it, but for letters that its encoding lacks."""
    codecs.register_error("as_json", _as_json)
    at_once = given is not None and (given.line_buffering or given.write_through)
    encoding = given.encoding if given is not None else "utf-8"
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, "as_json", line_buffering=at_once)


def _as_json(error: UnicodeError) -> tuple[str, int]:
    """Write letters that an encoding lacks as JSON does, so that what is JSON stays it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "\\u" + units.hex(" ", 2).replace(" ", "\\u"), error.end
