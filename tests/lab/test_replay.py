"""Recorded measurements are sent in the pace of the day, each once, and what is said is noted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from probe.lab import demo, library, replay
from probe.lab.recording import Header, Recording, save
from probe.lab.replay import Post, Replay
from probe.lab.result import Done, Failed, Happened, Said, Tick
from probe.model import Measurement, Target, Vantage

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEGAN_AFTER_SECONDS = 5
INCIDENT = (
    b'{"incidents":[{"id":"i1","service":"twitter","features":["notifications","web"],'
    b'"cause":"service_outage","state":"likely","scope":"global","statement":"Said.",'
    b'"opened":"2026-06-01T00:00:00Z","updated":"2026-06-01T00:00:00Z"}]}'
)


class Time:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Centre(Post):
    """A correlator that keeps what it is sent, and refuses the first delivery."""

    def __init__(self, clock: Time) -> None:
        super().__init__("http://127.0.0.1:1")
        self.clock = clock
        self.sent: list[tuple[float, Measurement]] = []
        self.refusals = 1

    def get(self, path: str) -> bytes | None:
        assert path == "/api/v1/incidents"
        return (
            INCIDENT if 10 < self.clock.passed - BEGAN_AFTER_SECONDS < 60 else b'{"incidents":[]}'
        )

    def send(self, measurements: Sequence[Measurement]) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.sent += [(self.clock.passed, measurement) for measurement in measurements]
        return True


def measurement(number: int) -> Measurement:
    vantage = Vantage(id=f"v{number % 3}", country="DE", asn=1)
    target = Target(service="twitter", feature="web", endpoint="twitter-home")
    at = AT + timedelta(seconds=number)
    return Measurement(id=f"m{number:03}", at=at, took=0.4, vantage=vantage, target=target)


RECORDED = Recording(
    header=Header(scenario="demo", began=AT + timedelta(seconds=BEGAN_AFTER_SECONDS)),
    measurements=tuple(measurement(number) for number in range(90)),
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr("time.sleep", clock.sleep)
    return clock


def test_each_is_sent_once_when_it_was_complete(clock: Time) -> None:
    centre = Centre(clock)
    list(Replay(library.load("demo"), RECORDED, centre, clock).play())
    assert sorted(m.id for _, m in centre.sent) == [m.id for m in RECORDED.measurements]
    for sent_after, sent in centre.sent:
        late = sent_after - (sent.at - NOW).total_seconds()
        assert sent.took <= late <= sent.took + 2 * replay.POLL_SECONDS + 1e-6


def test_events_happen_in_time_and_statements_are_told(clock: Time) -> None:
    news = list(Replay(library.load("demo"), RECORDED, Centre(clock), clock).play())
    happened = [item for item in news if isinstance(item, Happened)]
    assert happened[0].at == pytest.approx(10, abs=1)
    said = [item for item in news if isinstance(item, Said)]
    assert [item.incident.statement for item in said] == ["Said."]
    assert isinstance(news[-1], Done)
    assert news[-1].result.on == "recorded"
    assert news[-1].result.measurements == len(RECORDED.measurements)


def test_hosts_heard_are_counted(clock: Time) -> None:
    news = list(Replay(library.load("demo"), RECORDED, Centre(clock), clock).play())
    assert {item.heard for item in news if isinstance(item, Tick)} >= {3}


def test_the_real_correlator_takes_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.xz"
    save(path, RECORDED)
    listening = demo.listener()
    with (
        closing(listening),
        closing(
            replay.replay(path, listening.fileno(), demo.address(listening), keep=False)
        ) as news,
    ):
        for item in news:
            assert not isinstance(item, Failed)
            if isinstance(item, Tick) and item.heard == 3:
                break
        pages = Post(demo.address(listening))
        assert pages.get("/") is not None
        body = pages.get("/api/v1/verdicts")
        assert body is not None
        assert "verdicts" in msgspec.json.decode(body)
