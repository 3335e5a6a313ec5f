"""The router process: raw ends, a timer and the orchestrator's line around a Router; one epoll loop.

Run as `python -m probe.lab.kernel.internet.engine FD` in the internet's namespace; FD is the line. It ends
when told to, or when the line breaks.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress

import msgspec

from probe.clock import Clock, SystemClock
from probe.lab.kernel.internet.orders import (
    Answer,
    Apply,
    Count,
    Lift,
    Order,
    Route,
    Stop,
    order_decoder,
)
from probe.lab.kernel.internet.router import Counters, Router
from probe.lab.kernel.sandbox.wiring import GATEWAY_MAC, end, mac

SOL_PACKET, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 23, 3
CLOCK_MONOTONIC, TFD_TIMER_ABSTIME = 1, 1
BATCH = 64
"""Frames taken from one end before the others get their turn."""
LARGEST_FRAME = 65536
LINE_BYTES = 1 << 16

_libc = ctypes.CDLL(None, use_errno=True)


class Timer:
    """A timerfd (31 µs late at the median, where epoll's own timeout counts milliseconds)."""

    def __init__(self) -> None:
        self.fd: int = _libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._armed: float | None = None

    def arm(self, at: float | None) -> None:
        if at is None or at == self._armed:
            return
        self._armed = at
        seconds = int(at)
        nanoseconds = max(1, int((at - seconds) * 1e9))
        wish = struct.pack("qqqq", 0, 0, seconds, nanoseconds)
        _libc.timerfd_settime(self.fd, TFD_TIMER_ABSTIME, wish, None)

    def rang(self) -> None:
        self._armed = None
        with suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        os.close(self.fd)


def raw_end(index: int) -> socket.socket:
    """Open with protocol 0, then bind: else frames of other links come in between."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with suppress(OSError):  # before Linux 4.20; our own frames do not come back even so
        raw.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    raw.bind((end(index), ETH_P_ALL))
    raw.settimeout(0)
    return raw


class Engine:
    def __init__(self, line: socket.socket, order: Route, clock: Clock) -> None:
        self._router = Router(order.plan, mac, GATEWAY_MAC, order.seed)
        self._ends = [raw_end(index) for index in range(len(order.plan.hosts))]
        self._place = {raw.fileno(): index for index, raw in enumerate(self._ends)}
        self._timer = Timer()
        self._line = line
        self._heard = b""
        self._now = clock.monotonic
        self._epoll = select.epoll()
        for fd in (*self._place, self._timer.fd, line.fileno()):
            self._epoll.register(fd, select.EPOLLIN)
        self.stopped = False

    def census(self) -> Counters:
        return self._router.census()

    def turn(self) -> None:
        """Wait for something, do it, send what is due."""
        for fd, _ in self._epoll.poll():
            place = self._place.get(fd)
            if place is not None:
                self._take(fd, place)
            elif fd == self._timer.fd:
                self._timer.rang()
            else:
                self._listen()
        self._send_due()

    def _take(self, fd: int, place: int) -> None:
        receive, take, now = self._ends[place].recv, self._router.receive, self._now()
        try:
            for _ in range(BATCH):
                take(place, receive(LARGEST_FRAME), now)
        except BlockingIOError:
            pass
        except OSError:  # its host is gone, and the link with it
            self._epoll.unregister(fd)

    def _send_due(self) -> None:
        ends, router = self._ends, self._router
        for target, frame in router.due(self._now()):
            try:
                ends[target].send(frame)
            except OSError:  # a full buffer, a frame over the MTU, a host that is gone
                router.counters.unsent += 1
        self._timer.arm(router.next_due())

    def _listen(self) -> None:
        heard = self._line.recv(LINE_BYTES)
        self.stopped = not heard
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            say(self._line, self._answer(line))

    def _answer(self, line: bytes) -> Answer:
        refused = ""
        try:
            refused = self._obey(order_decoder.decode(line))
        except msgspec.DecodeError as error:
            refused = f"not an order of the router: {error}"
        return Answer(refused=refused, counters=self._router.census())

    def _obey(self, order: Order) -> str:
        match order:
            case Route():
                return "the router routes already"
            case Apply():
                self._router.border.apply(order.key, order.policies)
                return ""
            case Lift():
                self._router.border.lift(order.key)
                return ""
            case Count():
                return ""
            case Stop():
                self.stopped = True
                return ""


def say(line: socket.socket, answer: Answer) -> None:
    line.settimeout(None)
    line.sendall(msgspec.json.encode(answer) + b"\n")


def first_order(line: socket.socket) -> Route:
    with line.makefile("rb", buffering=0) as lines:
        order = order_decoder.decode(lines.readline())
    if not isinstance(order, Route):
        raise SystemExit("the router's first order must be `route`")
    return order


def main(fd: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the orchestrator's to hear
    with socket.socket(fileno=fd) as line:
        engine = Engine(line, first_order(line), SystemClock())
        say(line, Answer(counters=engine.census()))
        while not engine.stopped:
            with suppress(InterruptedError):
                engine.turn()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
            raise
