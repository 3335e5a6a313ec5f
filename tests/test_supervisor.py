"""A socket in systemd's place receives exactly what sd_notify(3) lays down."""

import math
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.supervisor import Supervisor, from_environment

DEADLINE_SECONDS = 10


class Manager:
    """Takes what a service manager is told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(DEADLINE_SECONDS)

    def told(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    abstract = f"@worksforwhom-test-{os.getpid()}"
    made = Manager(str(tmp_path / "notify") if request.param == "path" else abstract)
    yield made
    made.socket.close()


def test_a_life_is_told_in_order(manager: Manager) -> None:
    supervisor = Supervisor(manager.address, watchdog=60)
    supervisor.ready("3 targets")
    supervisor.reloading(12.5)
    supervisor.ready("4 targets\nand a line feed")
    assert supervisor.alive(20.0, lambda: "well") == 30
    supervisor.stopping()
    assert [manager.told() for _ in range(5)] == [
        ["READY=1", "STATUS=3 targets"],
        ["RELOADING=1", "MONOTONIC_USEC=12500000"],
        ["READY=1", "STATUS=4 targets and a line feed"],
        ["WATCHDOG=1", "STATUS=well"],
        ["STOPPING=1", "STATUS=stopping"],
    ]


def test_the_watchdog_is_fed_at_half_its_time_and_no_more(manager: Manager) -> None:
    supervisor = Supervisor(manager.address, watchdog=60)
    waits = [supervisor.alive(now, lambda: "") for now in (0.0, 10.0, 29.9, 30.0, 95.0, 96.0)]
    assert waits == pytest.approx([30, 20, 0.1, 30, 30, 29])
    assert [manager.told()[0] for _ in range(3)] == ["WATCHDOG=1"] * 3
    manager.socket.settimeout(0)
    with pytest.raises(BlockingIOError):
        manager.told()


def test_a_clock_that_jumps_ahead_feeds_once(manager: Manager) -> None:
    supervisor = Supervisor(manager.address, watchdog=60)
    assert supervisor.alive(0.0, str) == 30
    assert supervisor.alive(3600.0, str) == 30


def test_without_a_manager_nothing_is_told_and_nothing_fails(tmp_path: Path) -> None:
    for address in ("", str(tmp_path / "nobody"), "@worksforwhom-nobody", "/" + "x" * 200):
        supervisor = Supervisor(address)
        supervisor.ready("here")
        supervisor.stopping()
        assert supervisor.alive(0.0, str) == math.inf


def test_a_manager_that_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "full"))
    supervisor = Supervisor(manager.address)
    for _ in range(5000):
        supervisor.ready("again")
    assert manager.told() == ["READY=1", "STATUS=again"]
    manager.socket.close()


@pytest.mark.parametrize(
    ("environment", "wait"),
    [
        ({}, math.inf),
        ({"WATCHDOG_USEC": "60000000"}, 30),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 30),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, math.inf),
        ({"WATCHDOG_USEC": "soon"}, math.inf),
        ({"WATCHDOG_USEC": "0"}, math.inf),
    ],
)
def test_the_watchdog_is_this_process_s_or_none(environment: dict[str, str], wait: float) -> None:
    assert from_environment(environment, 7).alive(0.0, str) == wait


def test_the_environment_names_the_manager(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    from_environment({"NOTIFY_SOCKET": manager.address}, 1).ready("here")
    assert manager.told() == ["READY=1", "STATUS=here"]
    manager.socket.close()
