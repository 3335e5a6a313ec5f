from __future__ import annotations

import select
import socket

import pytest

from probe.clock import SystemClock
from probe.lab.kernel.internet.engine import Timer, first_order
from tests.lab.kernel.inside import child, needs_namespaces

SET_UP = """
import os, signal, socket, sys
import msgspec
from probe.lab.kernel.internet.process import _import_path, start
from probe.lab.kernel.internet.orders import Count, Route, answer_decoder
from probe.lab.kernel.sandbox.wiring import wire
from tests.lab.kernel.scene import PLAN
wired = wire(PLAN)
"""


def test_a_timer_rings_when_it_is_time_and_not_before() -> None:
    timer, now = Timer(), SystemClock().monotonic
    at = now() + 0.02
    timer.arm(at)
    timer.arm(None)
    ready, _, _ = select.select([timer.fd], [], [], 5)
    assert ready
    assert at <= now() < at + 1
    timer.rang()
    timer.rang()
    assert not select.select([timer.fd], [], [], 0)[0]
    timer.close()


def test_a_timer_for_what_is_past_rings_at_once() -> None:
    timer = Timer()
    timer.arm(0.0)
    assert select.select([timer.fd], [], [], 5)[0]
    timer.close()


def test_the_first_order_must_be_to_route() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b'{"do":"count"}\n')
        with pytest.raises(SystemExit, match="must be `route`"):
            first_order(theirs)


@needs_namespaces
def test_rubbish_on_the_line_is_refused_and_the_router_lives_on() -> None:
    script = """
internet = start(PLAN, wired)
internet._line.sendall(b"rubbish\\n")
print(answer_decoder.decode(internet._answers.readline()).refused)
print(internet.counters().faults)
internet.stop()
"""
    refused, faults = child(SET_UP + script).splitlines()
    assert refused.startswith("not an order of the router")
    assert faults == "0"


@needs_namespaces
def test_it_ends_when_the_line_breaks() -> None:
    script = """
internet = start(PLAN, wired)
internet._answers.close()
internet._line.close()
print(internet._process.wait(10))
"""
    assert child(SET_UP + script) == "0"


@needs_namespaces
def test_a_host_that_went_away_does_not_stop_it() -> None:
    script = """
internet = start(PLAN, wired)
wired.hosts["de-1"].close()
with ns.inside(wired.hosts["origin"]):
    server = socket.create_server(("45.60.1.1", 80))
for _ in range(3):
    with ns.inside(wired.hosts["tr-1"]), socket.create_connection(("45.60.1.1", 80), 5) as client:
        pass
print(internet.counters().faults)
internet.stop()
server.close()
"""
    assert child(SET_UP + script) == "0"


@needs_namespaces
def test_the_interrupt_key_is_not_its_to_hear() -> None:
    script = """
internet = start(PLAN, wired)
os.kill(internet.pid, signal.SIGINT)
internet.counters()
print(internet.counters().faults)
internet.stop()
"""
    assert child(SET_UP + script) == "0"
