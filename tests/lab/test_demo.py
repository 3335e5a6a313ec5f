"""The demonstration's pages have an address before anything starts; its way follows from the machine."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from probe.lab import demo, recording
from probe.lab.kernel.run import Options
from probe.lab.result import News, Phase


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen()
        yield own.getsockname()[1]


def test_a_listener_has_an_address_on_loopback() -> None:
    with closing(demo.listener()) as listening:
        port = listening.getsockname()[1]
        assert port in range(demo.FIRST_PORT, demo.FIRST_PORT + demo.PORTS_TRIED)
        assert demo.address(listening) == f"http://127.0.0.1:{port}"


def test_the_next_free_port_is_taken_when_the_first_is_not(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "FIRST_PORT", taken)
    with closing(demo.listener()) as listening:
        assert listening.getsockname()[1] > taken


def test_a_port_asked_for_that_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(OSError, match=f"port {taken} of 127.0.0.1 is taken"):
        demo.listener(taken)


def test_recorded_measurements_can_be_asked_for() -> None:
    assert demo.obstacle(recorded=True)


@pytest.mark.parametrize("recorded", [True, False])
def test_it_plays_on_the_lab_or_from_the_recording_and_closes_its_socket(
    monkeypatch: pytest.MonkeyPatch, *, recorded: bool
) -> None:
    def replay(_path: Path, fd: int, address: str, *, keep: bool) -> Generator[News, None, None]:
        yield Phase(text=f"recorded {fd} {address} {keep}")

    def run(name: str, options: Options) -> Generator[News, None, None]:
        yield Phase(text=f"{name} {options.pages} {options.keep}")

    monkeypatch.setattr(demo, "replay", replay)
    monkeypatch.setattr("probe.lab.kernel.run.run", run)
    listening = demo.listener()
    fd, address = listening.fileno(), demo.address(listening)
    (news,) = demo.play(listening, recorded=recorded, keep=True)
    assert news == Phase(text=f"recorded {fd} {address} True" if recorded else f"demo {fd} True")
    assert listening.fileno() == -1


def test_the_recording_is_of_the_demonstration_and_of_many_countries() -> None:
    recorded = recording.load(demo.RECORDING)
    assert recorded.header.scenario == demo.SCENARIO
    assert len({m.vantage.country for m in recorded.measurements}) >= 8
    assert min(m.at for m in recorded.measurements) <= recorded.header.began
