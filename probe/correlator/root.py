"""The centre: intake, store, judging, API, pages and metrics under one TaskGroup and one clock."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from probe import __version__
from probe.clock import Clock
from probe.config.load import ConfigError
from probe.config.shape import Catalogue, CorrelatorConfig, Listening, Logging
from probe.correlator.bench import Bench, Judge, Judged, by_rules, reporting
from probe.correlator.post import Post, routes
from probe.metrics.correlator import Mail, Snapshot
from probe.metrics.distribution import Distribution
from probe.model import Vantage
from probe.store import Store, StoreError
from probe.transport import certificate
from probe.transport.enrolment import terms
from probe.transport.intake import Intake
from probe.transport.listen import listen, runner
from probe.transport.patience import Patience
from probe.transport.wire import Reason
from probe.web.answer import safe
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
            with centre.signals():
                tasks.create_task(centre.judging())
                tasks.create_task(centre.pruning())
                tasks.create_task(centre.sweeping())
                tasks.create_task(centre.reloading())
                tasks.create_task(centre.post.delivering())
                await centre.stop.wait()
                centre.hangup.set()
                centre.post.close()
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
        self.stop = hooks.stop or asyncio.Event()
        self.hangup = asyncio.Event()
        self.intake = Intake(terms(config), store.append, clock)
        self.patience = Patience()
        self.tls = certificate.context(config.tls) if config.tls else None
        self.judged = Judged()
        self.timings = Distribution()
        self.post = Post(store, clock, config)
        self.discovery = Discovery(readable(config))
        self.bench = Bench(store, hooks.judge, clock)
        self.reloaded = Reloaded(ok=True, at=clock.now())
        self._servers: list[web.AppRunner] = []

    # ── serving ──────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen, and on the way out finish the requests under way."""
        public = [*Api(self.store).routes(), *Pages(self.store, self.frame).routes()]
        health = Health(self.unready, self.snapshot)
        scraped = [*health.metrics(), *self.discovery.routes()]
        private = [*public, *self.intake.routes(), *scraped]
        try:
            bound = Bound(
                await self._listen(self.config.web.listen, [*private, *health.probes()], self.tls),
                await self._listen(self.config.pages.listen, [*public, *health.probes()], None),
            )
            log.info("listening on %s", ", ".join(bound.web + bound.pages))
            self.hooks.bound(bound)
            yield
        finally:
            for server in self._servers:
                await server.cleanup()

    async def _listen(
        self, address: str, routes: Sequence[web.RouteDef], tls: ssl.SSLContext | None
    ) -> tuple[str, ...]:
        if not address:
            return ()
        app = web.Application(middlewares=[self.patience.middleware(), safe])
        app.add_routes(routes)
        server = runner(app)
        self._servers.append(server)
        return tuple(await listen(server, address, tls))

    async def sweeping(self) -> None:
        """Close the connections that never get a request out."""
        while not await self._stopped(SWEEP_SECONDS):
            for server in self._servers:
                if server.server is not None:
                    self.patience.sweep(server.server, self.clock.monotonic())

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
            if await self._stopped(self.config.judging.every):
                return

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
            await self.hangup.wait()
            self.hangup.clear()
            if self.hooks.reload and not self.stop.is_set():
                await self._reload(self.hooks.reload)

    async def _reload(self, reload: Reload) -> None:
        try:
            config, catalogue = await asyncio.to_thread(reload)
            agreed, ways, found = terms(config), routes(config), readable(config)
            if self.tls and config.tls:
                certificate.load(self.tls, config.tls)
        except ConfigError as error:
            log.error("reload: %s; the old configuration stays", error)  # noqa: TRY400
            self.reloaded = Reloaded(ok=False, at=self.reloaded.at)
            return
        if _fixed(config) != _fixed(self.config):
            log.warning("reload: changes of web, pages, store and log need a restart")
        self.config, self.catalogue, self.intake.terms = config, catalogue, agreed
        self.post.renew(config.webhooks, ways)
        self.discovery.agreed = found
        self.reloaded = Reloaded(ok=True, at=self.clock.now())
        log.info("reloaded: %d agents, %d services", len(agreed.agents), len(catalogue.services))

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Handle SIGHUP; and SIGTERM and SIGINT, unless the caller brought a stop of its own."""
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGHUP: self.hangup.set} if self.hooks.reload else {}
        if self.hooks.stop is None:
            handlers |= {signal.SIGTERM: self.stop.set, signal.SIGINT: self.stop.set}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

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
        )


def _fixed(config: CorrelatorConfig) -> tuple[Listening, Listening, str, Logging]:
    """Give what is taken up at the start alone."""
    return config.web, config.pages, config.store.path, config.log
