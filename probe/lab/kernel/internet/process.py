"""The internet of the lab as its orchestrator holds it: started, told what interferes, counted, stopped."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

import msgspec

import probe
from probe.lab.kernel.internet.interference import policies
from probe.lab.kernel.internet.orders import (
    Answer,
    Apply,
    Count,
    Lift,
    Order,
    Route,
    Stop,
    answer_decoder,
)
from probe.lab.kernel.internet.router import Counters
from probe.lab.kernel.plan import Plan
from probe.lab.kernel.sandbox.namespace import spawn
from probe.lab.kernel.sandbox.wiring import Wired
from probe.lab.scenario import Event

PATIENCE = 10.0
"""Seconds until a router that does not answer is given up."""


class InternetError(ConnectionError):
    """The router process refused, failed or is gone; its str is one sentence."""


class Internet:
    """Calls are synchronous and answer within milliseconds; safe to make from a coroutine."""

    def __init__(self, process: Popen[bytes], line: socket.socket, plan: Plan) -> None:
        self._plan = plan
        self._process = process
        self._line = line
        self._answers = line.makefile("rb")

    @property
    def pid(self) -> int:
        return self._process.pid

    def apply(self, key: str, event: Event) -> None:
        """Let the event interfere from now on; raises UnknownMechanism, NothingHit, InternetError."""
        self.tell(Apply(key=key, policies=policies(event, self._plan)))

    def lift(self, key: str) -> None:
        """End the event's interference; flows that it has broken stay broken."""
        self.tell(Lift(key=key))

    def counters(self) -> Counters:
        return self.tell(Count())

    def tell(self, order: Order) -> Counters:
        """Give an order and hear its answer; raises InternetError."""
        try:
            self._line.sendall(msgspec.json.encode(order) + b"\n")
            heard = self._answers.readline()
        except OSError as error:
            raise InternetError(f"the router process does not answer ({error})") from error
        if not heard:
            raise InternetError("the router process is gone; its log says why")
        answer: Answer = answer_decoder.decode(heard)
        if answer.refused:
            raise InternetError(answer.refused)
        return answer.counters

    def stop(self) -> None:
        """End the process; never raises, also when it is gone already."""
        try:
            self.tell(Stop())
        except InternetError:
            self._process.kill()
        self._answers.close()
        self._line.close()
        try:
            self._process.wait(PATIENCE)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start(plan: Plan, wired: Wired, *, seed: int = 0, log: Path | None = None) -> Internet:
    """Start the router process (main thread, after wire); returns when it routes."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    command = [sys.executable, "-m", "probe.lab.kernel.internet.engine", str(theirs.fileno())]
    with theirs, open(os.devnull if log is None else log, "ab") as errors:  # noqa: PTH123 — a device too
        process = spawn(
            command,
            wired.internet,
            pass_fds=(theirs.fileno(),),
            env={**os.environ, "PYTHONPATH": _import_path()},
            stdout=DEVNULL,
            stderr=errors,
        )
    internet = Internet(process, ours, plan)
    try:
        internet.tell(Route(plan=plan, seed=seed))
    except InternetError:
        internet.stop()
        raise
    return internet


def _import_path() -> str:
    """Where this very package lies, before anything else of that name."""
    here = str(Path(probe.__file__).parent.parent)
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
