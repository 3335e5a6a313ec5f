"""Plays recorded measurements through the real correlator, over its intake, in the pace of the day.

For machines on which no internet can be made: what is judged is old, how it is judged is not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from probe.clock import Clock, SystemClock
from probe.config.shape import (
    CorrelatorConfig,
    EnrolledAgent,
    Judging,
    Listening,
    Seconds,
    Secret,
    Storing,
)
from probe.lab import library, recording
from probe.lab.agenda import agenda, describe, scale
from probe.lab.diary import Diary
from probe.lab.kernel.processes import environment, write
from probe.lab.kernel.watch import incidents
from probe.lab.recording import Recording
from probe.lab.result import Done, Failed, Happened, News, Phase, Tick
from probe.lab.scenario import Scenario
from probe.lab.world import catalogue
from probe.model import Measurement, Vantage
from probe.transport import wire

POLL_SECONDS = 0.5
START_TIMEOUT_SECONDS = 60
TIMEOUT_SECONDS = 5
GRACE_SECONDS = 5


class Post:
    """Speaks to the correlator as the agents did, and as a reader does."""

    def __init__(self, base: str) -> None:
        self._base = base

    def get(self, path: str) -> bytes | None:
        """Return the body, or None while there is no good answer."""
        return self._answer(urllib.request.Request(self._base + path))  # noqa: S310 — our own

    def send(self, measurements: Sequence[Measurement]) -> bool:
        """Deliver one agent's measurements; False when they were not taken."""
        request = urllib.request.Request(  # noqa: S310 — our own
            f"{self._base}/api/v1/measurements",
            data=wire.encode(measurements),
            headers={
                "Authorization": f"Bearer {_token(measurements[0].vantage)}",
                "Content-Type": "application/x-ndjson",
            },
        )
        return self._answer(request) is not None

    def _answer(self, request: urllib.request.Request) -> bytes | None:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=TIMEOUT_SECONDS) as reply:
                body: bytes = reply.read()
                return body
        except OSError:
            return None


class Replay:
    """One recorded run, played from its first measurement on."""

    def __init__(self, scenario: Scenario, recorded: Recording, post: Post, clock: Clock) -> None:
        self._scenario = scenario
        self._post = post
        self._clock = clock
        first = min(m.at for m in recorded.measurements)
        self._shift = clock.now() - first
        self._zero = clock.monotonic() + (recorded.header.began - first).total_seconds()
        self._waiting = list(recording.shifted(recorded.measurements, self._shift))
        self._count = len(self._waiting)
        self._heard: dict[str, datetime] = {}
        self._pace = scale(scenario)
        self._agenda = list(agenda(scenario))
        self._diary = Diary(scenario, self._pace)

    def play(self) -> Iterator[News]:
        """Send what is due, look what is said, until the scenario's end."""
        length = self._scenario.length * self._pace
        vantages = {m.vantage.id for m in self._waiting}
        while (at := self._clock.monotonic() - self._zero) < length:
            heard = self._deliver(self._clock.now())
            yield from self._happened(at)
            held = self._post.get("/api/v1/incidents")
            yield from self._diary.note(at, incidents(held)) if held is not None else ()
            if at >= 0:
                yield Tick(at=at, length=length, heard=heard, of=len(vantages))
            if not self._agenda and self._diary.settled(at):
                break
            time.sleep(POLL_SECONDS)
        result = msgspec.structs.replace(
            self._diary.result("recorded"), measurements=self._count - len(self._waiting)
        )
        yield Done(result=result)

    def _deliver(self, now: datetime) -> int:
        """Send what was complete by now; what is not taken stays and is sent again."""
        due = [m for m in self._waiting if m.at + timedelta(seconds=m.took) <= now]
        by_vantage: dict[str, list[Measurement]] = defaultdict(list)
        for measurement in due:
            by_vantage[measurement.vantage.id].append(measurement)
        sent = {m.id for own in by_vantage.values() if self._post.send(own) for m in own}
        self._waiting = [m for m in self._waiting if m.id not in sent]
        self._heard.update(dict.fromkeys(by_vantage, now))
        recent = now - timedelta(seconds=2 * self._scenario.kernel_round)
        return sum(when >= recent for when in self._heard.values())

    def _happened(self, at: float) -> Iterator[Happened]:
        while self._agenda and self._agenda[0].at <= at:
            change = self._agenda.pop(0)
            began = "begins" if change.begins else "ends"
            yield Happened(at=at, text=f"{began}: {describe(change.event)}")


def replay(path: Path, fd: int, address: str, *, keep: bool) -> Generator[News, None, None]:
    """Play a recording; `fd` is a listening socket for the correlator, reached at `address`.

    With `keep` it never ends by itself: closing the iterator does.
    """
    recorded = recording.load(path)
    scenario = library.load(recorded.header.scenario)
    home = Path(tempfile.mkdtemp(prefix="worksforwhom-replay-"))
    clock, post = SystemClock(), Post(address)
    try:
        with _correlator(scenario, recorded, home, fd):
            yield Phase(text="starting the correlator")
            if not _ready(post, clock):
                yield Failed(reason=f"the correlator did not answer: {_last_words(home)}")
                return
            yield Phase(text=f"playing {len(recorded.measurements)} recorded measurements")
            yield from Replay(scenario, recorded, post, clock).play()
            while keep:
                time.sleep(POLL_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _ready(post: Post, clock: Clock) -> bool:
    deadline = clock.monotonic() + START_TIMEOUT_SECONDS
    while post.get("/-/ready") is None:
        if clock.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _last_words(home: Path) -> str:
    lines = (home / "correlator.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"


@contextmanager
def _correlator(scenario: Scenario, recorded: Recording, home: Path, fd: int) -> Iterator[None]:
    write(home / "services.yaml", catalogue(scenario))
    write(home / "correlator.yaml", _config(scenario, recorded, home, fd))
    with (home / "correlator.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 — our own command
            [sys.executable, "-m", "probe", "correlator", str(home / "correlator.yaml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[fd],
            env=environment(),
        )
    with process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _config(scenario: Scenario, recorded: Recording, home: Path, fd: int) -> CorrelatorConfig:
    vantages = {m.vantage.id: m.vantage for m in recorded.measurements}
    return CorrelatorConfig(
        agents=tuple(EnrolledAgent(vantage=v, token=_token(v)) for v in vantages.values()),
        services=str(home / "services.yaml"),
        web=Listening(listen=f"fd:{fd}"),
        store=Storing(path=str(home / "correlator.sqlite")),
        judging=Judging(round=scenario.kernel_round, every=Seconds(1)),
    )


def _token(vantage: Vantage) -> Secret:
    return Secret(f"recorded-{vantage.id}".ljust(40, "0"))
