"""How late the loop came to what the kernel had noted already, so that no time contains it. Pure.

What is read here is Linux's: SCM_TIMESTAMPNS, of socket(7), and struct tcp_info, of linux/tcp.h.
Where a kernel notes nothing, the loop's own times hold.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence

from probe.model import Timer

KERNEL, LOOP = Timer.KERNEL, Timer.LOOP  # to find them in their class costs as much as a call
LINUX = sys.platform == "linux"
STAMP_ARRIVALS = 35
"""SO_TIMESTAMPNS, and the kind of the notes that it brings: asm-generic/socket.h."""
SPACE = 64
"""Bytes of the one note, with its header."""
ESTABLISHED = b"\x01"
"""The first byte of struct tcp_info then: net/tcp_states.h."""
INFO_BYTES = 228
"""Of struct tcp_info, up to what is read here; Linux has given as many since 5.4."""

_SOL_SOCKET = 1
_TIMESPEC = struct.Struct("@ll")
_INFO = struct.Struct("@68x I 28x I 120x I")
"""Of tcp_info: tcpi_rtt, tcpi_total_retrans, tcpi_rcv_ooopack."""

Note = tuple[int, int, bytes]
"""Level, kind and contents, as recvmsg() gives them."""


def arrival(notes: Sequence[Note]) -> float | None:
    """Read when the last of some bytes came, in seconds of the wall clock."""
    for level, kind, contents in notes:
        if kind == STAMP_ARRIVALS and level == _SOL_SOCKET and len(contents) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(contents)
            return float(seconds + nanoseconds / 1e9)
    return None


def round_trip(info: bytes) -> float:
    """Read the seconds from the SYN to its answer, where nothing was sent since.

    0 where they are unknown, or there was more than one SYN.
    """
    if len(info) < INFO_BYTES:
        return 0.0
    microseconds, again, early = _INFO.unpack(info[:INFO_BYTES])
    return 0.0 if again or early else microseconds / 1e6


def in_order(info: bytes) -> bool:
    """Tell whether segments came in their order, none twice.

    What came too early waited for what had been lost: its stamp is older than the bytes are, and
    to believe it would hide that somebody drops packets.
    """
    if len(info) < INFO_BYTES:
        return False
    _, again, early = _INFO.unpack(info[:INFO_BYTES])
    return not again and not early


class Stamps:
    """How late the loop came, all in all, on one connection or to one peer's datagrams.

    Only what kept the peer or the step waiting counts: of reads in a row that is the last one.
    """

    __slots__ = ("_before", "_checked", "_info", "_opened", "_sound", "late")

    def __init__(self, info: Callable[[], bytes] | None = None, *, sound: bool = True) -> None:
        """Take how to read a connection's tcp_info; datagrams have none and need none."""
        self._info, self._sound, self._checked = info, sound, True
        self._before, self._opened = 0.0, b""
        self.late = 0.0
        """Seconds up to now; only differences mean anything."""

    def made(self) -> bool:
        """Tell whether the kernel says that the connection stands; it is asked once for all."""
        self._opened = self._info() if self._info else b""
        return self._opened[:1] == ESTABLISHED

    def connecting(self, took: float) -> tuple[float, Timer]:
        """Give a connection's seconds: those of its one round trip, by the kernel."""
        made = round_trip(self._opened)
        return (made, KERNEL) if 0 < made <= took else (took, LOOP)

    def came(self, notes: Sequence[Note], now: float) -> None:
        """Take in what was noted of bytes that are read `now`, by the wall clock."""
        at = arrival(notes)
        if at is None:
            self._sound = False
        else:
            self.late, self._checked = self._before + now - at, False

    def went(self) -> None:
        """Take in that something was written, which had waited for what was read before."""
        self._before = self.late

    def timing(self, took: float, since: float = 0.0) -> tuple[float, Timer]:
        """Give a step's seconds without the loop's lateness, `late` having been `since` before."""
        late = self.late - since
        # Less than nothing, or more than the whole: somebody has set the clock meanwhile.
        if 0 <= late <= took and self._trusted():
            return took - late, KERNEL
        return took, LOOP

    def _trusted(self) -> bool:
        if self._sound and not self._checked and self._info is not None:
            self._sound, self._checked = in_order(self._info()), True
        return self._sound


UNSTAMPED = Stamps(sound=False)
"""Of what no kernel carries."""
