from __future__ import annotations

from probe.lab.kernel.sandbox.wiring import end, mac
from tests.lab.kernel.inside import child, needs_namespaces

PLAN_OF = """
import os, time
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.kernel.sandbox.wiring import wire
def plan(*names):
    hosts = tuple(
        Host(name=name, role=Role.ORIGIN, v4=f"31.0.0.{n}", v6=f"2a0e::{n}" if n % 2 else "")
        for n, name in enumerate(names, 1)
    )
    return Plan(hosts=hosts, zone={}, names={}, resolvers={}, public_resolver="", notice="")
"""


def test_hosts_have_names_and_hardware_addresses_of_their_own() -> None:
    assert (
        len({mac(index) for index in range(1000)} | {end(index) for index in range(1000)}) == 2000
    )
    assert mac(258) == "02:00:00:00:01:02"


@needs_namespaces
def test_seventy_hosts_take_little_time_and_one_descriptor_each() -> None:
    script = """
before, began = len(os.listdir("/proc/self/fd")), time.monotonic()
wired = wire(plan(*(f"h{n}" for n in range(70))))
took = time.monotonic() - began
print(took < 5, len(os.listdir("/proc/self/fd")) - before)
wired.close()
print(len(os.listdir("/proc/self/fd")) - before)
"""
    assert child(PLAN_OF + script).split() == ["True", "71", "0"]


@needs_namespaces
def test_two_hosts_of_one_name_are_refused_and_nothing_is_left_open() -> None:
    script = """
before = len(os.listdir("/proc/self/fd"))
try:
    wire(plan("same", "same"))
except ValueError as error:
    print(error, len(os.listdir("/proc/self/fd")) - before)
"""
    assert child(PLAN_OF + script) == "two hosts of the plan have the same name 0"


@needs_namespaces
def test_a_host_can_bind_its_addresses_at_once_and_says_nothing_by_itself() -> None:
    """No duplicate address detection, no router solicitation, no neighbour discovery."""
    script = """
import socket
wired = wire(plan("one", "two"))
with ns.inside(wired.hosts["one"]):
    for family, address in ((socket.AF_INET, "31.0.0.1"), (socket.AF_INET6, "2a0e::1")):
        with socket.create_server((address, 80), family=family) as server:
            print(server.getsockname()[0])
    with open("/proc/thread-self/net/if_inet6") as lines:
        print(sum("eth0" in line for line in lines))
"""
    assert child(PLAN_OF + script).split() == ["31.0.0.1", "2a0e::1", "1"]
