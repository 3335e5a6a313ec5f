"""The centre: intake, store, judging, API, pages and metrics under one TaskGroup and one clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from probe import __version__
from probe.clock import Clock
from probe.config.load import ConfigError
from probe.config.shape import Catalogue, CorrelatorConfig, Listening, Logging
from probe.config.show import shown
from probe.correlator.bench import Bench, Judge, Judged, by_rules, reporting
from probe.correlator.listeners import Listeners
from probe.correlator.post import Post, routes
from probe.garbage import rarely_collected
from probe.metrics.correlator import Mail, Snapshot
from probe.metrics.distribution import Distribution
from probe.model import Vantage
from probe.store import Store, StoreError
from probe.supervisor import Supervisor
from probe.transport.enrolment import terms
from probe.transport.intake import Intake
from probe.transport.lifecycle import Lifecycle
from probe.transport.wire import Reason
from probe.web.api import Api
from probe.web.board import Frame
from probe.web.discovery import Discovery, readable
from probe.web.health import Health
from probe.web.pages import Pages

PRUNING_SECONDS = 3600.0
SWEEP_SECONDS = 5.0
THREADS = 32
"""Name servers that hang hold a thread each; intake and judging must still find one."""

log = logging.getLogger(__name__)

Reload = Callable[[], tuple[CorrelatorConfig, Catalogue]]
"""Read the configuration again; raises ConfigError."""


@dataclass(frozen=True)
class Bound:
    """Where the correlator listens, each as `host:port`."""

    web: tuple[str, ...]
    pages: tuple[str, ...]
    metrics: tuple[str, ...] = ()


def _nobody(_: Bound) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the caller may put in: another judge, a reload, a stop of its own, word of the ports."""

    judge: Judge = by_rules
    reload: Reload | None = None
    stop: asyncio.Event | None = None
    """Set it to stop; without it, SIGTERM and SIGINT do."""
    bound: Callable[[Bound], None] = _nobody
    supervisor: Supervisor = field(default_factory=Supervisor)
    """Who is told how it goes; the default is nobody."""


async def run(
    config: CorrelatorConfig, catalogue: Catalogue, clock: Clock, hooks: Hooks | None = None
) -> None:
    """Serve until stopped: close the listeners, finish what is under way, close the store.

    Raises ConfigError, ListenError or StoreError where it cannot start.
    """
    hooks = hooks or Hooks()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    store = await asyncio.to_thread(Store, config.store.path)
    try:
        centre = Centre(config, catalogue, clock, store, hooks)
        async with centre.serving(), asyncio.TaskGroup() as tasks:
            with centre.lifecycle.signals(), rarely_collected():
                await centre.work(tasks)
    finally:
        await asyncio.to_thread(store.close)


@dataclass(frozen=True)
class Reloaded:
    """How the last reading of the configuration went, and when it last went well."""

    ok: bool
    at: datetime


class Centre:
    """One correlator at work."""

    def __init__(
        self,
        config: CorrelatorConfig,
        catalogue: Catalogue,
        clock: Clock,
        store: Store,
        hooks: Hooks,
    ) -> None:
        self.config, self.catalogue, self.clock, self.store = config, catalogue, clock, store
        self.hooks = hooks
        self.lifecycle = Lifecycle(
            hooks.stop,
            over_http=config.web.enable_lifecycle,
            reloads=hooks.reload is not None,
        )
        self.stop = self.lifecycle.stop
        self.listeners = Listeners(config, clock)
        self.intake = Intake(terms(config), store.append, clock)
        self.judged = Judged()
        self.timings = Distribution()
        self.post = Post(store, clock, config)
        self.discovery = Discovery(readable(config))
        self.bench = Bench(store, hooks.judge, clock)
        self.reloaded = Reloaded(ok=True, at=clock.now())

    async def work(self, tasks: asyncio.TaskGroup) -> None:
        """Do everything there is to do, until told to stop."""
        works = (self.judging, self.pruning, self.sweeping, self.reloading, self.post.delivering)
        for work in works:
            tasks.create_task(work())
        watches = [tasks.create_task(w.watching(self.clock)) for w in self.listeners.watched()]
        self.hooks.supervisor.ready(self.status())
        await self.stop.wait()
        self.hooks.supervisor.stopping()
        self.lifecycle.hangup()
        self.post.close()
        for watch in watches:
            watch.cancel()

    # ── serving ──────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen, and on the way out finish the requests under way."""
        public = [*Api(self.store).routes(), *Pages(self.store, self.frame).routes()]
        health = Health(self.unready, self.snapshot, lambda: shown(self.config))
        machines = [*health.metrics(), *self.discovery.routes(), *health.probes()]
        private = [*public, *self.intake.routes(), *machines, *self.lifecycle.routes()]
        config, opened = self.config, self.listeners.open
        try:
            bound = Bound(
                await opened("web", config.web.listen, private),
                await opened("pages", config.pages.listen, [*public, *health.probes()]),
                await opened("metrics", config.metrics.listen, machines),
            )
            log.info("listening on %s", ", ".join(bound.web + bound.pages + bound.metrics))
            self.hooks.bound(bound)
            yield
        finally:
            await self.listeners.close()

    async def sweeping(self) -> None:
        while not await self._stopped(SWEEP_SECONDS):
            self.listeners.sweep()

    # ── judging ──────────────────────────────────────────────────────────────────────────────

    async def judging(self) -> None:
        """Renew the verdicts every few seconds; a bug in the judge ends the process, loudly."""
        while True:
            try:
                self._conclude(
                    await asyncio.to_thread(
                        self.bench.sit, self.config, self.catalogue, self.judged.rounds + 1
                    )
                )
            except StoreError as error:
                log.error("judging: %s", error)  # noqa: TRY400 — a full disk is no bug
            if await self._rested(self.config.judging.every):
                return

    async def _rested(self, seconds: float) -> bool:
        """Wait, unless told to stop meanwhile; who judges is who feeds the watchdog."""
        end = self.clock.monotonic() + seconds
        while True:
            now = self.clock.monotonic()
            beat = self.hooks.supervisor.alive(now, self.status)
            if await self._stopped(max(min(end - now, beat), 0)):
                return True
            if end - now <= beat:
                return False

    def _conclude(self, judged: Judged) -> None:
        self.judged = judged
        self.timings.observe(judged.took)
        if judged.told:
            self.post.posted(judged.dropped)

    async def pruning(self) -> None:
        """Delete what has been kept long enough."""
        while True:
            oldest = self.clock.now() - timedelta(seconds=self.config.store.keep)
            try:
                await asyncio.to_thread(self.store.prune, oldest)
            except StoreError as error:
                log.error("pruning: %s", error)  # noqa: TRY400 — a full disk is no bug
            if await self._stopped(PRUNING_SECONDS):
                return

    # ── reloading and stopping ───────────────────────────────────────────────────────────────

    async def reloading(self) -> None:
        """Read the configuration again at each SIGHUP; a bad file keeps the old one."""
        while not self.stop.is_set():
            await self.lifecycle.asked()
            if self.hooks.reload and not self.stop.is_set():
                self.hooks.supervisor.reloading(self.clock.monotonic())
                error = await self._reload(self.hooks.reload)
                self.hooks.supervisor.ready(self.status())
                self.lifecycle.answered(error)

    async def _reload(self, reload: Reload) -> str:
        """Take the files up, or say what is wrong with them and keep the old."""
        try:
            config, catalogue = await asyncio.to_thread(reload)
            agreed, ways, found = terms(config), routes(config), readable(config)
            self.listeners.renew(config.tls)
        except ConfigError as error:
            log.error("reload: %s; the old configuration stays", error)  # noqa: TRY400
            self.reloaded = Reloaded(ok=False, at=self.reloaded.at)
            return str(error)
        if _fixed(config) != _fixed(self.config):
            log.warning("reload: changes of web, pages, metrics, store and log need a restart")
        self.config, self.catalogue, self.intake.terms = config, catalogue, agreed
        self.post.renew(config.webhooks, ways)
        self.discovery.agreed = found
        self.reloaded = Reloaded(ok=True, at=self.clock.now())
        log.info("reloaded: %s", self.status())
        return ""

    async def _stopped(self, seconds: float) -> bool:
        """Wait, unless told to stop meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        return self.stop.is_set()

    # ── what others look at ──────────────────────────────────────────────────────────────────

    def frame(self) -> Frame:
        return Frame(
            now=self.clock.now(),
            services=self.catalogue.services,
            roster=self._roster(),
        )

    def _roster(self) -> tuple[Vantage, ...]:
        return tuple(agent.vantage for agent in self.config.agents)

    def status(self) -> str:
        agents, services = len(self.config.agents), len(self.catalogue.services)
        return f"{agents} agents, {services} services, {len(self.judged.open)} incidents open"

    def unready(self) -> str:
        return "" if self.judged.rounds else "nothing was judged yet"

    def snapshot(self) -> Snapshot:
        judged, counts = self.judged, self.intake.counts
        since = self.clock.now() - self.intake.terms.window
        return Snapshot(
            version=__version__,
            verdicts=judged.verdicts,
            incidents=judged.open,
            reporting=reporting(self._roster(), judged.heard, since),
            newest=max(judged.heard.values(), default=None),
            accepted=counts.accepted,
            duplicate=counts.duplicate,
            late=counts.late,
            refused={str(reason): counts.refused[reason] for reason in Reason},
            requests=counts.answers,
            judgings=judged.rounds,
            judging_seconds=judged.took,
            judging_durations=self.timings,
            judged=judged.at,
            mail={
                name: Mail(count.ok, count.failed, count.dropped, judged.waiting.get(name, 0))
                for name, count in self.post.counts().items()
            },
            reload_ok=self.reloaded.ok,
            reloaded=self.reloaded.at,
            web_config=self.listeners.good(),
            web_expires=self.listeners.expiries(),
        )


def _fixed(config: CorrelatorConfig) -> tuple[Listening, Listening, Listening, str, Logging]:
    """Give what is taken up at the start alone."""
    return config.web, config.pages, config.metrics, config.store.path, config.log
