"""One judging: from what was measured lately to saved conclusions, and what changed by them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from probe.clock import Clock
from probe.config.shape import Catalogue, CorrelatorConfig
from probe.correlator import announce
from probe.judge import incident
from probe.judge.docket import Docket
from probe.judge.hearing import Heard, hear, words
from probe.judge.memory import keep
from probe.judge.view import Memory, View, window_start
from probe.model import Delivery, Incident, Vantage, Verdict
from probe.origin import Known
from probe.store import Store

REMEMBERED = timedelta(days=1)
"""How long a closed incident is shown to the judge, which may open it again."""

log = logging.getLogger(__name__)

Conclusions = tuple[tuple[Verdict, ...], tuple[Incident, ...]]
Judge = Callable[[Docket, Sequence[Incident], View], Conclusions]


def by_rules(docket: Docket, incidents: Sequence[Incident], view: View) -> Conclusions:
    """Judge as this release does: verdicts from what was measured, incidents from verdicts."""
    verdicts = docket.judge(view)
    return verdicts, incident.advance(incidents, verdicts, view)


@dataclass(frozen=True)
class Judged:
    """What the last judging came to."""

    verdicts: tuple[Verdict, ...] = ()
    open: tuple[Incident, ...] = ()
    heard: Mapping[str, datetime] = field(default_factory=dict)
    rounds: int = 0
    """Judgings since the start."""
    took: float = 0.0
    """Seconds that the last one took."""
    at: datetime | None = None
    """When the last one ended."""
    told: int = 0
    """Deliveries that it put into the outbox."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Deliveries that had to make room for them, by receiver."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Deliveries in the outbox after it, by receiver."""


class Bench:
    """Where the judge sits: a store to read from and to save to, and a clock.

    Of the store it reads what is new since it sat last, and what is lately measured when it sits
    for the first time: the docket is never more than the store says.
    """

    def __init__(self, store: Store, judge: Judge, clock: Clock) -> None:
        self._store, self._judge, self._clock = store, judge, clock
        self._docket = Docket()
        self._since: datetime | None = None
        self._row = 0
        self._memory = recall(store.memory())
        self._known = Known()

    def sit(self, config: CorrelatorConfig, catalogue: Catalogue, rounds: int) -> Judged:
        """Judge what was measured lately, and save it; blocks. Raises StoreError."""
        started = self._clock.monotonic()
        view = self._view(config, catalogue)
        before = self._store.incidents(closed_since=view.now - REMEMBERED)
        self._known.renew(config.judging.origins)
        fresh = self._hear(window_start(view) - view.round)
        self._docket.forget(window_start(view))
        view = msgspec.structs.replace(view, origins=self._known.told())
        verdicts, incidents = self._judge(self._docket, before, view)
        told = self._news(config, incidents, view.now)
        memory = keep(words(fresh, self._memory), verdicts, view)
        self._store.save(verdicts, incidents, told, msgspec.msgpack.encode(memory))
        self._memory = memory
        for held, state in news(before, incidents):
            about = {"target": held.id, "state": state}
            log.info("incident %s %s: %s", held.id, state, held.statement, extra=about)
        return Judged(
            verdicts,
            tuple(held for held in incidents if held.closed is None),
            view.heard,
            rounds,
            self._clock.monotonic() - started,
            self._clock.now(),
            len(told),
            self._trimmed(config, view.now) if told else {},
            self._store.waiting() if config.webhooks.receivers else {},
        )

    def _hear(self, since: datetime) -> list[Heard]:
        """Read on in the store; from the beginning where time went back, or the window grew.

        Gives what is new since it sat last; on the first time nothing: what then
        comes in was remembered before the correlator was started again, or is too little to miss.
        """
        again = self._since is None or since < self._since
        if again:
            self._row = 0
        self._since = since
        fresh: list[Heard] = []
        row, some = self._store.received(self._row, since)
        while row != self._row:
            heard = [hear(record) for record in some]
            self._docket.hear(one.sight for one in heard)
            for one in heard:
                self._known.learn(one.addresses)
            fresh += () if again else heard
            self._row = row
            row, some = self._store.received(row, since)
        return fresh

    def _news(
        self, config: CorrelatorConfig, incidents: Sequence[Incident], now: datetime
    ) -> tuple[Delivery, ...]:
        receivers = config.webhooks.receivers
        if not receivers:
            return ()
        return announce.news(receivers, announce.by_receiver(self._store.told()), incidents, now)

    def _trimmed(self, config: CorrelatorConfig, now: datetime) -> dict[str, int]:
        webhooks = config.webhooks
        names = [receiver.name for receiver in webhooks.receivers]
        # A closed incident is not looked at any more once the judge is not shown it.
        return self._store.trim(names, webhooks.waiting, now - 2 * REMEMBERED)

    def _view(self, config: CorrelatorConfig, catalogue: Catalogue) -> View:
        return View(
            now=self._clock.now(),
            round=timedelta(seconds=config.judging.round),
            rounds=config.judging.rounds,
            services=catalogue.services,
            roster=tuple(agent.vantage for agent in config.agents),
            heard=self._store.heard(),
            memory=self._memory,
            maintenance=config.judging.maintenance,
        )


def recall(record: bytes) -> Memory:
    """Read a saved memory; one that another release wrote otherwise is begun anew."""
    try:
        return msgspec.msgpack.decode(record, type=Memory) if record else Memory()
    except msgspec.DecodeError:
        log.warning("the judge's memory cannot be read and is begun anew")
        return Memory()


def news(before: Sequence[Incident], after: Sequence[Incident]) -> Iterator[tuple[Incident, str]]:
    """Give the incidents that changed, each with what it did."""
    known = {held.id: held for held in before}
    for held in after:
        earlier = known.get(held.id)
        if earlier is None:
            yield held, "opened"
        elif held.closed and not earlier.closed:
            yield held, "closed"
        elif earlier.statement != held.statement:
            yield held, "updated"


def reporting(
    roster: Sequence[Vantage], heard: Mapping[str, datetime], since: datetime
) -> Counter[str]:
    """Count the vantages heard since a time, by country; a silent country is 0, not absent."""
    counted = Counter({vantage.country: 0 for vantage in roster})
    for vantage in roster:
        at = heard.get(vantage.id)
        counted[vantage.country] += at is not None and at >= since
    return counted
