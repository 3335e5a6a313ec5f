"""The agent at work: what is due is measured, counted, spooled and sent."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from probe import __version__
from probe.agent import slots, whoami
from probe.agent.exit import Exit
from probe.agent.health import NAMES
from probe.agent.identity import uuid7
from probe.agent.ledger import Ledger
from probe.agent.manners import Manners
from probe.agent.measuring import Measure, over_the_network
from probe.agent.outbox import Outbox
from probe.agent.pages import serving
from probe.agent.targets import targets
from probe.clock import Clock
from probe.config import fingerprint, load
from probe.config.load import ConfigError
from probe.config.shape import AgentConfig, Catalogue, Measuring
from probe.config.show import shown
from probe.garbage import rarely_collected
from probe.measure.bogon import networks
from probe.measure.goal import depth
from probe.metrics.agent import Snapshot
from probe.model import CONTROL, Endpoint, Measurement, Observation, Target
from probe.schedule import Timetable
from probe.supervisor import Supervisor
from probe.transport.lifecycle import Lifecycle
from probe.transport.protection import Protection
from probe.transport.spool import Spool
from probe.transport.uplink import ERRORS, Uplink

CONTROL_SPREAD = 0.1
"""Controls begin in the first tenth of an interval: what they say belongs to every target."""
DRAIN_SECONDS = 20.0
"""How long runs that are under way may take to finish after SIGTERM."""
LAST_SEND_SECONDS = 5.0
LONGEST_NAP_SECONDS = 60.0
MOST_TOLD = 20
"""Lines of fingerprints that are complained of; the metric counts all."""

log = logging.getLogger(__name__)

Reload = Callable[[], tuple[AgentConfig, Catalogue]]
"""Read the configuration again; raises ConfigError."""


def _nobody(_: tuple[str, ...]) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the caller may put in: other measuring, a reload, a stop of its own, chance."""

    measure: Callable[[Measuring, Clock], Measure] = over_the_network
    reload: Reload | None = None
    stop: asyncio.Event | None = None
    """Set it to stop; without it, SIGTERM and SIGINT do."""
    bound: Callable[[tuple[str, ...]], None] = _nobody
    """Told where /metrics listens, each as `host:port`."""
    draw: Callable[[], float] = random.random
    drain_seconds: float = DRAIN_SECONDS
    supervisor: Supervisor = field(default_factory=Supervisor)
    """Who is told how it goes; the default is nobody."""


async def run(
    config: AgentConfig, catalogue: Catalogue, clock: Clock, hooks: Hooks | None = None
) -> None:
    """Probe until stopped: finish what runs, spool it, send once more.

    Raises ConfigError, ListenError or SpoolError where it cannot start.
    """
    spool = await asyncio.to_thread(Spool, Path(config.spool.path), config.spool.max_bytes)
    try:
        agent = Agent(config, catalogue, clock, spool, hooks or Hooks())
        async with serving(config.web.listen, agent) as bound:
            agent.hooks.bound(bound)
            with rarely_collected():
                await agent.work()
    finally:
        await asyncio.to_thread(spool.close)


class Agent:
    """One agent between start and stop."""

    def __init__(
        self,
        config: AgentConfig,
        catalogue: Catalogue,
        clock: Clock,
        spool: Spool,
        hooks: Hooks,
    ) -> None:
        """Raise ConfigError for what only using the configuration shows to be wrong."""
        self.config, self.clock, self.spool, self.hooks = config, clock, spool, hooks
        self.lifecycle = Lifecycle(
            hooks.stop,
            over_http=config.web.enable_lifecycle,
            reloads=hooks.reload is not None,
        )
        self.stop = self.lifecycle.stop
        self.protection = Protection(config.web.config_file, clock.now())
        self.ledger = Ledger()
        self.bugs = self.missed = 0
        self.reload_ok, self.reloaded = True, clock.now()
        self._wake = asyncio.Event()
        self._outbox = Outbox(spool, self.stop)
        self._running: set[Target] = set()
        """From the turn to the end of the run."""
        self._waiting: deque[tuple[Target, Endpoint, float]] = deque()
        self._began: dict[Target, float] = {}
        """Those that are being measured."""
        self._runners = 0
        self._room = config.schedule.concurrency
        self._software = f"worksforwhom {__version__}"
        self._timetable: Timetable[Target] = Timetable(
            interval=config.schedule.interval,
            jitter=config.schedule.jitter,
            origin=clock.monotonic(),
            draw=hooks.draw,
        )
        self._sending: asyncio.Task[None] | None = None
        self._adopt(config, catalogue, *self._made(config))

    # ── the life of an agent ─────────────────────────────────────────────────────────────────

    async def work(self) -> None:
        """Probe until told to stop, then leave nothing behind that could be saved."""
        with self.lifecycle.signals():
            async with asyncio.TaskGroup() as lasting:
                sink = lasting.create_task(self._outbox.run())
                self._sending = lasting.create_task(self.uplink.run())
                reloading = lasting.create_task(self._reloading(lasting))
                stopping = lasting.create_task(self._stopping())
                leaving = lasting.create_task(
                    Exit().watch(lambda: self.config.measuring.reference, self.ledger.moved)
                )
                knowing = lasting.create_task(
                    whoami.watch(
                        lambda: self.config.measuring.whoami, self.look, self.ledger.resolved
                    )
                )
                self.hooks.supervisor.ready(self.status())
                await self._probing()
                await self._outbox.empty()
                for task in (sink, reloading, stopping, leaving, knowing):
                    task.cancel()
                await self._unsend()
            await self.uplink.drain(LAST_SEND_SECONDS)
        log.info("stopped; %d measurements wait in the spool", self.spool.depth())

    async def _probing(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as runs:
                await self._keep_time(runs)
                deadline.reschedule(loop.time() + self.hooks.drain_seconds)
        except TimeoutError:
            log.warning("some measurements did not finish in time and are given up")

    async def _keep_time(self, runs: asyncio.TaskGroup) -> None:
        while not self.stop.is_set():
            self._wake.clear()
            due = self._timetable.due(self.clock.monotonic(), self._running)
            self.missed += due.missed
            for target in due.running:
                self.ledger.skipped(target)
            for target, at in zip(due.start, due.at, strict=True):
                self._running.add(target)
                # What controls say of the vantage must be fresh above all where all is slow.
                ahead = target.service == CONTROL
                line_up = self._waiting.appendleft if ahead else self._waiting.append
                line_up((target, self._endpoints[target], at))
            self._make_room(runs)
            await self._nap()

    def _make_room(self, runs: asyncio.TaskGroup) -> None:
        """Let as many more run as may, and as have something to do."""
        allowed = self.config.schedule.concurrency
        crowded = self._waiting and self._runners >= allowed
        began = self._began.values() if crowded else ()
        self._room = slots.room(allowed, began, self.clock.monotonic())
        for _ in range(min(len(self._waiting), self._room - self._runners)):
            self._runners += 1
            runs.create_task(self._run())

    async def _nap(self) -> None:
        """Wait for the next turn; who keeps the time is who feeds the watchdog."""
        now, following = self.clock.monotonic(), self._timetable.next()
        wait = LONGEST_NAP_SECONDS if following is None else following - now
        beat = self.hooks.supervisor.alive(now, self.status)
        longest = slots.SLOW_SECONDS if self._waiting else LONGEST_NAP_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait, 0), beat, longest)):
                await self._wake.wait()

    # ── one run ──────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        """Measure what waits, one target after the other, beside as many others as may."""
        try:
            while self._waiting and self._runners <= self._room:
                await self._one(*self._waiting.popleft())
        finally:
            self._runners -= 1

    async def _one(self, target: Target, endpoint: Endpoint, due: float) -> None:
        now = self.clock.monotonic()
        try:
            if not self._manners.may(endpoint.url, now):
                self.ledger.skipped(target)
            elif not self.stop.is_set():
                self._began[target] = now
                self.ledger.began(now - due)
                self._take(target, await self._measured(target, endpoint, now))
        except Exception:
            # A site that brings out a fault of ours must not silence the whole vantage.
            self.bugs += 1
            log.exception("measuring %s/%s failed", target.service, target.endpoint)
        finally:
            self._running.discard(target)
            self._began.pop(target, None)

    async def _measured(
        self, target: Target, endpoint: Endpoint, began: float
    ) -> Measurement | None:
        at = self.clock.now()
        observations = await self._measure(endpoint, rests=target.service != CONTROL)
        if observations is None:
            return None
        return Measurement(
            id=uuid7(at),
            at=at,
            took=self.clock.monotonic() - began,
            vantage=self.config.vantage,
            target=target,
            health=self.ledger.health,
            observations=observations,
            software=self._software,
            goal=depth(endpoint.url),
        )

    def _take(self, target: Target, measurement: Measurement | None) -> None:
        if measurement is None:
            self.ledger.skipped(target)
            return
        self.ledger.record(measurement)
        self._outbox.add(measurement)

    # ── reload and stop ──────────────────────────────────────────────────────────────────────

    async def _stopping(self) -> None:
        await self.stop.wait()
        self.hooks.supervisor.stopping()
        self._wake.set()

    async def _reloading(self, lasting: asyncio.TaskGroup) -> None:
        while True:
            await self.lifecycle.asked()
            if self.hooks.reload:
                self.hooks.supervisor.reloading(self.clock.monotonic())
                error = await self._reload(self.hooks.reload, lasting)
                self.hooks.supervisor.ready(self.status())
                self.lifecycle.answered(error)

    async def _reload(self, reload: Reload, lasting: asyncio.TaskGroup) -> str:
        """Take the files up, or say what is wrong with them and keep the old."""
        try:
            config, catalogue = await asyncio.to_thread(reload)
            made = self._made(config)
        except ConfigError as error:
            log.error("reload: %s; the old configuration stays", error)  # noqa: TRY400
            self.reload_ok = False
            return str(error)
        held = self.config
        if (config.web, config.spool, config.log) != (held.web, held.spool, held.log):
            log.warning("reload: changes of web, spool and log need a restart")
        await self._unsend()
        counts = self.uplink.counts
        self._adopt(config, catalogue, *made)
        self.uplink.counts = counts
        self._sending = lasting.create_task(self.uplink.run())
        self.reload_ok, self.reloaded = True, self.clock.now()
        log.info("reloaded: %d targets", len(self._endpoints))
        return ""

    async def _unsend(self) -> None:
        """End the uplink after its batch under way, or without it when that takes too long."""
        self.uplink.end()
        if self._sending:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SEND_SECONDS):
                    await self._sending

    def _made(self, config: AgentConfig) -> tuple[Measure, Uplink]:
        """Make what may fail, before anything of the old is given up."""
        measure = self.hooks.measure(config.measuring, self.clock)
        token = load.token(config.uplink)
        return measure, Uplink(self.spool, config.uplink, token, self.clock)

    def _adopt(
        self, config: AgentConfig, catalogue: Catalogue, measure: Measure, uplink: Uplink
    ) -> None:
        now = self.clock.monotonic()
        self.config, self._measure, self.uplink = config, measure, uplink
        own = networks(config.measuring.allow_private)
        self._manners = Manners(config.schedule.per_host, own)
        self.lists = fingerprint.load(config.measuring.fingerprints)
        for line in self.lists.refused[:MOST_TOLD]:
            log.warning("fingerprints: %s; it is left out", line)
        self._endpoints = targets(catalogue, config.vantage.country)
        self._timetable.retime(config.schedule.interval, config.schedule.jitter, now)
        self._timetable.drop(set(self._timetable.keys()) - set(self._endpoints))
        controls = [target for target in self._endpoints if target.service == CONTROL]
        self._timetable.keep(controls, now, spread=CONTROL_SPREAD)
        self._timetable.keep(self._endpoints, now)
        goals = {target: depth(endpoint.url) for target, endpoint in self._endpoints.items()}
        self.ledger.keep(self._endpoints, goals)
        self._wake.set()

    # ── what others look at ──────────────────────────────────────────────────────────────────

    def status(self) -> str:
        vantage = self.unready() or self.ledger.health.reason or "vantage well"
        return f"{len(self._endpoints)} targets, {self.ledger.failing()} failing; {vantage}"

    def configuration(self) -> str:
        return shown(self.config)

    def unready(self) -> str:
        """Say what is still missing, or nothing when all is there."""
        missing = self.ledger.unchecked()
        if missing:
            return f"{missing} controls were not measured yet"
        return "" if self.spool.writable else "the spool cannot be written"

    @property
    def endpoints(self) -> Mapping[Target, Endpoint]:
        return self._endpoints

    def may_visit(self, endpoint: Endpoint) -> bool:
        return self._manners.may(endpoint.url, self.clock.monotonic())

    async def look(self, endpoint: Endpoint, within: float) -> tuple[Observation, ...]:
        """Measure for somebody who waits for it; it is counted, kept and sent nowhere."""
        return await self._measure(endpoint, within) or ()

    def snapshot(self) -> Snapshot:
        counts, spool = self.uplink.counts, self.spool
        lost = {"spool_full": spool.dropped, "spool_failed": spool.lost}
        return Snapshot(
            version=__version__,
            rows=self.ledger.rows(),
            stages=self.ledger.stages(),
            encrypted=dict(self.ledger.encrypted),
            lag=self.ledger.lag(),
            health=self.ledger.health,
            reasons=NAMES,
            missed=self.missed,
            bugs=self.bugs,
            running=len(self._running),
            dropped={"queue_full": self._outbox.dropped, **lost},
            spool_depth=spool.depth(),
            spool_bytes=spool.size(),
            spool_max_bytes=spool.max_bytes,
            spool_oldest=spool.oldest(),
            spool_corrupt=spool.corrupt,
            sent=counts.accepted + counts.duplicate,
            refused=counts.refused.total(),
            uplink_errors={name: counts.errors[name] for name in ERRORS},
            uplink_success=counts.last_success,
            reload_ok=self.reload_ok,
            reloaded=self.reloaded,
            fingerprints=len(self.lists.patterns),
            fingerprints_refused=len(self.lists.refused),
            web_config={"web": self.protection.ok} if self.protection.file else {},
            web_expires={"web": expires} if (expires := self.protection.now.expires) else {},
        )
