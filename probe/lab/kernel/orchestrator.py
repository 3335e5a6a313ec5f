"""The lab's own process: enters the sandbox, builds the world, plays the timeline, tells what happens.

It reads a Request from its standard input and stops when that input ends; it writes News, one
JSON value per line, to its standard output.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from probe.clock import SystemClock
from probe.config.load import ConfigError, read
from probe.lab import library, line, recording
from probe.lab.agenda import agenda, describe, disturbances, scale
from probe.lab.diary import Diary
from probe.lab.kernel.processes import BASE, Settings
from probe.lab.kernel.sandbox.namespace import SandboxError, enter_sandbox
from probe.lab.kernel.watch import Watch, within
from probe.lab.kernel.world import World
from probe.lab.result import Done, Failed, Happened, News, Phase, RunResult, Tick
from probe.store import Store

POLL_SECONDS = 0.5
START_TIMEOUT_SECONDS = 90
STAGGER_SECONDS = 0.05
STARTING_AT_ONCE = 2
DRAIN_SECONDS = 5

Emit = Callable[[News], None]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the parent asks for."""

    scenario: str
    """A path."""
    home: str
    """An empty directory for files and logs."""
    disturbed: bool = False
    full: bool = False
    """Play to the scenario's end, also when all is right before."""
    record: str = ""
    pages: int = -1
    """A listening socket for the correlator's pages."""
    metrics: dict[str, int] = {}
    """Listening sockets for /metrics, by the name of the process."""
    settings: str = ""
    """A file of Settings."""
    keep: bool = False
    """Leave the world up afterwards, until the input ends."""


class RunError(Exception):
    """The run cannot go on; its str is one sentence."""


class Run:
    """One run over one world; times are real seconds from the scenario's start."""

    def __init__(self, request: Request, world: World, emit: Emit) -> None:
        self._request = request
        self._world = world
        self._emit = emit
        self._clock = SystemClock()
        scenario = world.scenario
        self._pace = scale(scenario)
        self._extra = disturbances(scenario) if request.disturbed else ()
        self._due = list(agenda(scenario, self._extra))
        self._length = scenario.length * self._pace
        self._diary = Diary(scenario, self._pace)
        self._zero = 0.0
        self._began: datetime = self._clock.now()

    async def play(self) -> None:
        home = self._world.wired.hosts["correlator"]
        watch = Watch(BASE, self._world.processes.bundle, within(home))
        try:
            store = await self._start(watch)
            try:
                await self._timeline(watch, store)
                self._emit(Done(result=await self._result(watch, store)))
            finally:
                store.close()
        finally:
            await watch.close()

    async def _start(self, watch: Watch) -> Store:
        processes = self._world.processes
        named = self._request.settings
        settings = read(Path(named), Settings) if named else Settings()
        processes.expose(self._request.metrics, settings)
        processes.nursery()
        self._emit(Phase(text="starting the correlator"))
        processes.start_correlator(self._request.pages)
        await self._until(watch.ready, "the correlator to answer")
        self._emit(Phase(text=f"starting {len(processes.vantages)} agents"))
        for name in processes.vantages:
            processes.start_agent(name)
            await self._until(self._room_to_start, f"{name} to start", STAGGER_SECONDS)
        self._emit(Phase(text="waiting until every agent is heard"))
        store = Store(processes.store)

        async def all_heard() -> bool:
            return len(store.heard()) >= len(processes.vantages)

        await self._until(all_heard, "all agents to be heard")
        return store

    async def _room_to_start(self) -> bool:
        """Starting all at once would starve those that measure already."""
        return self._world.processes.starting() < STARTING_AT_ONCE

    async def _until(
        self, done: Callable[[], Awaitable[bool]], what: str, poll: float = POLL_SECONDS
    ) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while not await done():
                    self._check()
                    await asyncio.sleep(poll)
        except TimeoutError as error:
            raise RunError(f"waited {START_TIMEOUT_SECONDS} s in vain for {what}") from error

    def _check(self) -> None:
        fallen = self._world.processes.fallen()
        if fallen:
            raise RunError(f"{', '.join(fallen)} ended by itself; its log says why")

    async def _timeline(self, watch: Watch, store: Store) -> None:
        self._zero, self._began = self._clock.monotonic(), self._clock.now()
        self._emit(Phase(text="every agent is heard; the scenario begins"))
        while (at := self._elapsed()) < self._length:
            self._apply(at)
            self._check()
            await self._look(watch, store)
            if not self._due and not self._request.full and self._diary.settled(at):
                return
            await asyncio.sleep(POLL_SECONDS)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._zero

    def _apply(self, at: float) -> None:
        while self._due and self._due[0].at <= at:
            change = self._due.pop(0)
            self._world.apply(change)
            began = "begins" if change.begins else "ends"
            self._emit(Happened(at=self._elapsed(), text=f"{began}: {describe(change.event)}"))

    async def _look(self, watch: Watch, store: Store) -> None:
        held = await watch.incidents()
        at = self._elapsed()
        if held is not None:
            for said in self._diary.note(at, held):
                self._emit(said)
        recent = self._clock.now() - timedelta(seconds=2 * self._world.scenario.kernel_round)
        heard = sum(when >= recent for when in store.heard().values())
        everyone = len(self._world.processes.vantages)
        self._emit(Tick(at=at, length=self._length, heard=heard, of=everyone))

    async def _result(self, watch: Watch, store: Store) -> RunResult:
        lost = await self._drain(store)
        kept = store.since(self._began - timedelta(seconds=START_TIMEOUT_SECONDS))
        if self._request.record:
            header = recording.Header(scenario=self._world.scenario.name, began=self._began)
            book = recording.Recording(header=header, measurements=kept)
            recording.save(Path(self._request.record), book)
        return msgspec.structs.replace(
            self._diary.result("kernel"),
            verdicts=await watch.verdicts(),
            disturbances=tuple(describe(event) for event in self._extra),
            measurements=len(kept),
            spooled=len(self._world.spooled),
            lost=lost,
            twice=len(kept) - len({(m.vantage.id, m.target.endpoint, m.at) for m in kept}),
        )

    async def _drain(self, store: Store) -> int:
        """Wait for what lay in spools when something was killed; return how much never came."""
        deadline = self._clock.monotonic() + DRAIN_SECONDS
        wanted = tuple(self._world.spooled)
        while wanted:
            missing = len(wanted) - len(store.measurements(wanted))
            if not missing or self._clock.monotonic() > deadline:
                return missing
            await asyncio.sleep(POLL_SECONDS)
        return 0


async def perform(request: Request, world: World, emit: Emit) -> None:
    """Play until done, or until the input ends or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(_played(request, world, emit))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, playing.cancel)
        loop.add_reader(0, playing.cancel)
        playing.add_done_callback(lambda _: loop.remove_reader(0))


async def _played(request: Request, world: World, emit: Emit) -> None:
    try:
        await Run(request, world, emit).play()
    except (RunError, ConfigError, OSError) as error:
        emit(Failed(reason=str(error)))
        return
    if request.keep:
        await asyncio.Event().wait()


def main() -> None:
    request = line.decode(sys.stdin.buffer.readline(), Request)

    def emit(news: News) -> None:
        sys.stdout.buffer.write(line.encode(news))
        sys.stdout.buffer.flush()

    try:
        enter_sandbox()
        emit(Phase(text="wiring the world"))
        world = World(library.load(request.scenario), Path(request.home))
    except (SandboxError, ConfigError, OSError) as error:
        emit(Failed(reason=str(error)))
        return
    try:
        asyncio.run(perform(request, world, emit))
    finally:
        world.stop()


if __name__ == "__main__":
    main()
