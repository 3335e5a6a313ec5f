"""One judging sees what was measured lately, saves what follows, and says what changed."""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from probe.config.shape import (
    Catalogue,
    CorrelatorConfig,
    EnrolledAgent,
    Judging,
    Maintenance,
    Seconds,
    Secret,
    Webhooks,
)
from probe.correlator.bench import Bench, Conclusions, by_rules, news, recall, reporting
from probe.judge.docket import Docket
from probe.judge.view import Memory, View
from probe.model import (
    Cause,
    DnsLookup,
    Incident,
    Measurement,
    Origin,
    Scope,
    State,
    Target,
    Vantage,
    Verdict,
)
from probe.store import Store
from tests import databases
from tests.correlator.news import HOOK
from tests.judge import worlds as w

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
TR, DE = (Vantage(id=f"{c}-1", country=c, asn=64496) for c in ("TR", "DE"))
CONFIG = CorrelatorConfig(
    agents=tuple(EnrolledAgent(vantage=v, token=Secret(v.id)) for v in (TR, DE))
)
CATALOGUE = Catalogue(services=())
WORLD = w.World(
    (
        w.Event(1.0, w.sni_reset, countries=("TR",)),
        w.Event(8.0, w.server_error, until=20.0, vantages=("us-7920-0",), sending=False),
    ),
    roster=w.ROSTER[:9],
    services=(w.service("chirp", ("web", "api")),),
)
"""A country filters, and one vantage's results come late."""
WORLD_CONFIG = msgspec.structs.replace(
    CONFIG,
    agents=tuple(EnrolledAgent(vantage=v, token=Secret(v.id)) for v in WORLD.roster),
    judging=msgspec.structs.replace(CONFIG.judging, round=Seconds(w.ROUND), rounds=5),
)


@dataclass
class StillClock:
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 5.0


def measurement(minutes: float) -> Measurement:
    return Measurement(
        id=str(uuid.UUID(int=int(minutes * 10))),
        at=NOW - timedelta(minutes=minutes),
        took=0.1,
        vantage=TR,
        target=Target(service="twitter", feature="web", endpoint="front"),
    )


def incident(name: str, statement: str = "It fails.", closed: datetime | None = None) -> Incident:
    return Incident(
        id=name,
        service="twitter",
        features=("web",),
        cause=Cause.FILTERING,
        state=State.LIKELY,
        scope=Scope.COUNTRIES,
        opened=NOW - timedelta(hours=1),
        updated=NOW,
        closed=closed,
        statement=statement,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    held = Store(tmp_path / "store.sqlite")
    yield held
    held.close()


def test_the_judge_is_told_what_is_recent_and_its_conclusions_are_saved(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    seen: list[tuple[int, list[str], View]] = []

    def judge(docket: Docket, incidents: Sequence[Incident], view: View) -> Conclusions:
        seen.append((len(docket), [i.id for i in incidents], view))
        return (), (incident("new"), incident("known", closed=NOW))

    old = incident("old", closed=NOW - timedelta(days=2))
    store.save([], [incident("known"), old])
    store.append([measurement(minutes) for minutes in (1, 4.5, 30)], NOW)
    judged = Bench(store, judge, StillClock()).sit(CONFIG, CATALOGUE, 7)
    ((measured, known, view),) = seen
    assert measured == 2
    assert known == ["known"]
    assert (view.roster, view.heard) == ((TR, DE), {"TR-1": NOW - timedelta(minutes=1)})
    assert [held.id for held in judged.open] == ["new"]
    assert (judged.rounds, judged.took) == (7, 0.0)
    assert {held.id for held in store.incidents()} == {"new", "known", "old"}
    assert "incident new opened: It fails." in caplog.text
    assert "incident known closed" in caplog.text


def test_the_judge_of_this_release_fits_the_bench(store: Store) -> None:
    store.append([measurement(1)], NOW)
    judged = Bench(store, by_rules, StillClock()).sit(CONFIG, CATALOGUE, 1)
    assert judged.open == ()
    assert store.verdicts() == tuple(
        sorted(judged.verdicts, key=lambda v: (v.service, v.feature, v.country, v.network))
    )


def sat(bench: Bench, clock: StillClock, seconds: float) -> tuple[Verdict, ...]:
    clock.time = w.START + timedelta(seconds=seconds)
    return bench.sit(WORLD_CONFIG, Catalogue(services=WORLD.services), 1).verdicts


def test_a_bench_that_starts_in_the_middle_says_what_the_one_before_would_have_said(
    store: Store,
) -> None:
    pending = w.arrivals(WORLD, 40.0)
    clock, late = StillClock(), StillClock()
    long = Bench(store, by_rules, clock)
    said: tuple[Verdict, ...] = ()
    for seconds in (0.0, 6.0, 12.0, 18.0, 31.0, 40.0):
        arrived = [entry for entry in pending if entry[0] <= seconds]
        pending = [entry for entry in pending if entry[0] > seconds]
        store.append([m for _, m in arrived], NOW)
        said = sat(long, clock, seconds)
        assert said == sat(Bench(store, by_rules, late), late, seconds)
        store.prune(w.START + timedelta(seconds=seconds - 40))
    assert any(v.leading is Cause.FILTERING for v in said)
    assert sat(long, clock, 18.0) == sat(Bench(store, by_rules, late), late, 18.0)


def told(receivers: int, waiting: int = 10) -> CorrelatorConfig:
    many = tuple(msgspec.structs.replace(HOOK, name=f"hook-{n}") for n in range(receivers))
    return msgspec.structs.replace(CONFIG, webhooks=Webhooks(receivers=many, waiting=waiting))


def test_what_changed_is_put_into_the_outbox_once(store: Store) -> None:
    held = [incident("a"), incident("b")]

    def judge(_: Docket, __: Sequence[Incident], ___: View) -> Conclusions:
        return (), tuple(held)

    bench = Bench(store, judge, StillClock())
    first, second = (bench.sit(told(2), CATALOGUE, n) for n in (1, 2))
    assert (first.told, first.waiting, first.at) == (4, {"hook-0": 2, "hook-1": 2}, NOW)
    assert (second.told, second.waiting) == (0, first.waiting)
    held.append(incident("c"))
    third = bench.sit(told(1, waiting=2), CATALOGUE, 3)
    assert (third.told, third.dropped, third.waiting) == (1, {"hook-0": 1}, {"hook-0": 2})


def test_without_receivers_nothing_is_put_into_the_outbox(store: Store) -> None:
    def judge(_: Docket, __: Sequence[Incident], ___: View) -> Conclusions:
        return (), (incident("a"),)

    judged = Bench(store, judge, StillClock()).sit(CONFIG, CATALOGUE, 1)
    assert (judged.told, store.waiting(), store.told()) == (0, {}, ())


def test_news_is_what_changed_and_nothing_else() -> None:
    before = [incident(name, "same") for name in "abc"]
    closed = msgspec.structs.replace(before[2], closed=NOW, statement="over")
    after = [before[0], incident("b", "other"), closed, incident("d", "new")]
    assert [(held.id, state) for held, state in news(before, after)] == [
        ("b", "updated"),
        ("c", "closed"),
        ("d", "opened"),
    ]
    assert list(news(after, after)) == []


def test_a_silent_country_is_0_and_not_absent() -> None:
    heard = {"TR-1": NOW, "DE-1": NOW - timedelta(hours=1), "stranger": NOW}
    since = NOW - timedelta(minutes=5)
    assert reporting((TR, DE), heard, since) == {"TR": 1, "DE": 0}
    assert reporting((TR, DE), {}, since) == {"TR": 0, "DE": 0}


def test_what_was_believed_outlives_the_correlator_and_a_broken_memory_is_begun_anew(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    pending = w.arrivals(WORLD, 30.0)
    store.append([m for _, m in pending], w.START)
    clock = StillClock()
    bench = Bench(store, by_rules, clock)
    sat(bench, clock, 20.0)
    sat(bench, clock, 30.0)
    held = recall(store.memory())
    assert {country for _, _, country in held.beliefs} == {"TR"}
    assert held.begun["chirp", "web", 47330] < w.START + timedelta(seconds=10)
    assert recall(b"\x93") == Memory()
    assert "begun anew" in caplog.text


def test_what_is_under_announced_maintenance_is_not_weighed(store: Store) -> None:
    store.append([m for _, m in w.arrivals(WORLD, 20.0)], w.START)
    clock = StillClock(w.START + timedelta(seconds=20))
    announced = Maintenance(
        reason="new core routers", at=w.START, lasts=Seconds(3600),
        networks=tuple(v.asn for v in WORLD.roster if v.country == "TR"), services=("other",),
    )  # fmt: skip
    judging = msgspec.structs.replace(WORLD_CONFIG.judging, maintenance=(announced,))
    config = msgspec.structs.replace(WORLD_CONFIG, judging=judging)
    judged = Bench(store, by_rules, clock).sit(config, Catalogue(services=WORLD.services), 1)
    assert judged.open == ()
    told = {v.state for v in judged.verdicts if v.country == "TR" and v.service == "chirp"}
    assert told == {State.INSUFFICIENT}


def test_the_judge_is_told_who_announces_what_was_answered(store: Store, tmp_path: Path) -> None:
    told: list[Mapping[str, Origin]] = []

    def judge(_: Docket, __: Sequence[Incident], view: View) -> Conclusions:
        told.append(view.origins)
        return (), ()

    def heard(minutes: float, address: str) -> Measurement:
        step = DnsLookup(at=NOW, took=0.1, name="a", resolver="system", answers=(address,))
        return msgspec.structs.replace(measurement(minutes), observations=(step,))

    networks = {"192.0.2.0/24": databases.network(64500, "Cloud Example")}
    path = databases.written(tmp_path / "asn.mmdb", networks)
    config = msgspec.structs.replace(CONFIG, judging=Judging(origins=str(path)))
    cloud = Origin(prefix="192.0.2.0/24", asn=64500, organisation="Cloud Example")
    bench = Bench(store, judge, StillClock())
    store.append([heard(2, "192.0.2.1"), heard(3, "198.51.100.1")], NOW)
    bench.sit(config, CATALOGUE, 1)
    store.append([heard(1, "192.0.2.2")], NOW)
    for number, later in enumerate((config, CONFIG), 2):
        bench.sit(later, CATALOGUE, number)
    assert told == [{"192.0.2.1": cloud}, {"192.0.2.1": cloud, "192.0.2.2": cloud}, {}]


def test_what_is_new_is_remembered_and_what_was_there_at_the_start_is_not(store: Store) -> None:
    bench = Bench(store, by_rules, StillClock())
    early, late = (
        msgspec.structs.replace(measurement(minutes), software=software)
        for minutes, software in ((2, "worksforwhom 1"), (1, "worksforwhom 2"))
    )
    store.append([early], NOW)
    bench.sit(CONFIG, CATALOGUE, 1)
    assert recall(store.memory()).builds == {}
    store.append([late], NOW)
    bench.sit(CONFIG, CATALOGUE, 2)
    assert recall(store.memory()).builds == {"TR-1": "worksforwhom 2"}
