"""The post office: a courier for each receiver of the configuration, replaced when it is read again."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from probe.clock import Clock
from probe.config.shape import CorrelatorConfig, Receiver, ReceiverKind, Webhooks
from probe.correlator import letter
from probe.model import Delivery
from probe.store import Store
from probe.transport.webhook import Counts, Courier, Desk, Pace, Route, route

GRACE_SECONDS = 2.0
"""How long an attempt under way may take once this ends; cut off, it is made again later."""

log = logging.getLogger(__name__)

Routes = tuple[tuple[Receiver, Route], ...]


def routes(config: CorrelatorConfig) -> Routes:
    """Read what each receiver needs; raises ConfigError."""
    return tuple((receiver, route(receiver)) for receiver in config.webhooks.receivers)


class Post:
    """What waits in the store goes out; a receiver that fails holds up itself alone."""

    def __init__(self, store: Store, clock: Clock, config: CorrelatorConfig) -> None:
        """Raise ConfigError for a receiver's unreadable file."""
        self._store, self._clock = store, clock
        self._settings, self._routes = config.webhooks, routes(config)
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)
        self._couriers: tuple[Courier, ...] = ()
        self._changed = asyncio.Event()
        self._over = False

    async def delivering(self) -> None:
        """Deliver until closed. What waits then, waits for the next start."""
        while not self._over:
            self._changed.clear()
            self._couriers = tuple(self._courier(*each) for each in self._routes)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(courier.run()) for courier in self._couriers]
                await self._changed.wait()
                for courier in self._couriers:
                    courier.end()
                if running:
                    await asyncio.wait(running, timeout=GRACE_SECONDS)
                for task in running:
                    task.cancel()

    def renew(self, settings: Webhooks, agreed: Routes) -> None:
        """Take up receivers read again."""
        self._settings, self._routes = settings, agreed
        self._changed.set()

    def close(self) -> None:
        self._over = True
        self._changed.set()

    def posted(self, dropped: Mapping[str, int]) -> None:
        """Take note that deliveries were put into the store, and what had to make room."""
        for name, count in dropped.items():
            if count:
                self._counts[name].dropped += count
                log.error("webhook %s: too much waits; the oldest %d were dropped", name, count)
        for courier in self._couriers:
            courier.nudge()

    def counts(self) -> Mapping[str, Counts]:
        """Give the counts of every receiver there is, also of one not tried yet."""
        return {receiver.name: self._counts[receiver.name] for receiver, _ in self._routes}

    def _courier(self, receiver: Receiver, way: Route) -> Courier:
        settings, store = self._settings, self._store
        pace = Pace(settings.max_backoff, settings.give_up, settings.resend)
        desk = Desk(
            waiting=partial(store.next_delivery, receiver.name),
            done=store.delivered,
            write=partial(written, receiver.kind, settings),
            remind=partial(reminded, store, receiver, settings),
        )
        return Courier(way, desk, pace, self._clock, self._counts[receiver.name])


def written(kind: ReceiverKind, settings: Webhooks, delivery: Delivery, now: datetime) -> bytes:
    match kind:
        case ReceiverKind.JSON:
            return letter.letter(delivery, settings.external_url)
        case ReceiverKind.ALERTMANAGER:
            resend = timedelta(seconds=settings.resend)
            return letter.alerts(delivery, settings.external_url, now, resend)


def reminded(store: Store, receiver: Receiver, settings: Webhooks, now: datetime) -> bytes | None:
    """Say again what is open, to an Alertmanager: it forgets what it is not told. Blocks."""
    match receiver.kind:
        case ReceiverKind.JSON:
            return None
        case ReceiverKind.ALERTMANAGER:
            told = [delivery for delivery in store.told() if delivery.receiver == receiver.name]
            resend = timedelta(seconds=settings.resend)
            return letter.reminder(told, settings.external_url, now, resend)
