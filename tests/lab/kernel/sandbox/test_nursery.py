"""An agent is forked as it would be started: its own place, log and sockets, and none outlives its parent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.sandbox.nursery import renumber
from tests.lab.kernel.inside import child, needs_namespaces

AGENT = """\
vantage: {id: de-1, country: DE, asn: 3320}
uplink: {url: "http://127.0.0.1:1", token: abc}
measuring: {resolver: "127.0.0.1", second_resolver: "", neutral_name: ""}
web: {listen: "fd:LISTENING"}
"""
SERVICES = """\
services:
  - id: a
    name: A
    features: [{id: web, name: Web, endpoints: [{id: front, url: "https://127.0.0.1:9/"}]}]
"""
BEFORE = """
import os, socket, sys, urllib.request
from pathlib import Path
from subprocess import TimeoutExpired
from probe.lab.kernel.processes import environment
from probe.lab.kernel.sandbox.nursery import Nursery

home = Path(sys.argv[1])
place, other = ns.new(), ns.new()
with ns.inside(other):
    listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]
config = home / "agent.yaml"
config.write_text(config.read_text().replace("LISTENING", str(listening.fileno())))

def begin():
    with (home / "agent.log").open("ab") as log:
        return nursery.bear(config, other, [listening.fileno()], log)

def answer(path):
    with ns.inside(other), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as said:
        return said.read().decode()

nursery = Nursery(place, environment(), home / "nursery.log")
agent = begin()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "agent.yaml").write_text(AGENT)
    (tmp_path / "services.yaml").write_text(SERVICES)
    (tmp_path / "resolv.conf").write_text("nameserver 31.5.0.53\n")
    yield tmp_path
    assert (tmp_path / "nursery.log").read_text() == ""


@needs_namespaces
def test_an_agent_is_in_its_own_place_and_serves_the_socket_it_was_handed(home: Path) -> None:
    script = """
print(answer("/-/healthy").strip())
print(os.readlink(f"/proc/{agent.pid}/ns/net") == f"net:[{os.fstat(other.fd).st_ino}]")
print(Path(f"/proc/{agent.pid}/root/etc/resolv.conf").read_text().strip())
print(Path("/etc/resolv.conf").read_text() == sys.argv[2])
nursery.stop()
"""
    here = Path("/etc/resolv.conf").read_text()
    healthy, *rest = child(BEFORE + script, str(home), here).splitlines()
    assert healthy
    assert rest == ["True", "nameserver 31.5.0.53", "True"]


@needs_namespaces
def test_it_ends_in_order_when_asked_and_at_once_when_killed(home: Path) -> None:
    script = """
answer("/-/healthy")
print(agent.poll())
try:
    agent.wait(0)
except TimeoutExpired as error:
    print(error)
agent.terminate()
agent.wait(30)
print(agent.poll())
second = begin()
answer("/-/healthy")
second.kill()
second.wait(30)
print(second.poll())
second.terminate()  # of what is gone: nothing
third = begin()  # by now both have been reaped
second.kill()
third.kill()
third.wait(30)
nursery.stop()
"""
    said = child(BEFORE + script, str(home)).splitlines()
    assert said == ["None", "Command 'probe agent' timed out after 0 seconds", *2 * ["True"]]


@needs_namespaces
def test_none_outlives_the_nursery(home: Path) -> None:
    script = """
answer("/-/healthy")
nursery.stop()
agent.wait(30)
print(agent.poll())
"""
    assert child(BEFORE + script, str(home)) == "True"


@needs_namespaces
def test_an_agent_without_a_nursery_is_refused_in_one_sentence(home: Path) -> None:
    script = """
nursery._process.kill()
nursery._process.wait()
agent.wait(30)
try:
    begin()
except ConnectionError as error:
    print(error)
"""
    said = child(BEFORE + script, str(home))
    assert said == "the process that agents come from is gone; its log says why"


@needs_namespaces
def test_what_an_agent_says_is_in_its_own_log(home: Path) -> None:
    script = """
agent.kill()
config.write_text("vantage: 5")
begin().wait(30)
nursery.stop()
"""
    child(BEFORE + script, str(home))
    assert (home / "agent.log").read_text().startswith(f"probe: {home}/agent.yaml:1: vantage")


@needs_namespaces
def test_one_that_finds_no_place_says_so_in_one_line(home: Path) -> None:
    script = """
agent.kill()
with open("/dev/null") as nowhere:
    other.fd, held = nowhere.fileno(), other.fd
    begin().wait(30)
nursery.stop()
"""
    child(BEFORE + script, str(home))
    said = (home / "agent.log").read_text()
    assert said == "probe agent did not start: [Errno 22] setns: Invalid argument\n"


@given(st.permutations(range(6)), st.integers(min_value=0, max_value=6))
def test_descriptors_get_the_numbers_they_shall_have(order: list[int], count: int) -> None:
    """Those of the first are wanted for others, in any order, and as many as there are."""
    held = [os.memfd_create(str(number)) for number in range(6)]
    given_away, kept = held[:count], held[count:]
    wanted = [held[place] for place in order if place < count]
    told = [os.fstat(each).st_ino for each in given_away]
    renumber(given_away, wanted)
    try:
        assert [os.fstat(number).st_ino for number in wanted] == told
    finally:
        for each in (*wanted, *kept):
            os.close(each)
