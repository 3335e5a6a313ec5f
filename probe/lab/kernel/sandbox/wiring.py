"""Turns a Plan into namespaces and veth pairs: one host each, one end of each in the internet's.

A host has its address as /32 (/128), one on-link gateway that is a permanent neighbour, and no
ARP, neighbour discovery or router advertisement is ever needed. Its checksums are computed by its
own kernel: what an AF_PACKET reader sees and passes on must be whole.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from pyroute2 import IPRoute

from probe.lab.kernel.plan import Host, Plan
from probe.lab.kernel.sandbox.namespace import Namespace, inside, new

PORT = "eth0"
"""The host's end; the internet's ends are `end(index)`."""
GATEWAY_V4 = "11.255.255.254"
GATEWAY_V6 = "fe80::1"
GATEWAY_MAC = "02:ff:00:00:00:01"
"""No end has it, so that the internet's own kernel takes every frame for somebody else's."""
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
NUD_PERMANENT = 0x80
RTNH_F_ONLINK = 4
IFA_F_NODAD = 2
ADDR_GEN_MODE_NONE = 1


@dataclass(frozen=True, kw_only=True)
class Wired:
    internet: Namespace
    hosts: dict[str, Namespace]
    """By Host.name."""

    def close(self) -> None:
        """Let go of the namespaces; the kernel removes those that nobody is in."""
        for namespace in (self.internet, *self.hosts.values()):
            namespace.close()


def end(index: int) -> str:
    """Name the internet's end of the veth to the plan's host of that index."""
    return f"h{index}"


def mac(index: int) -> str:
    """Give the host of that index its hardware address."""
    return f"02:00:00:00:{index >> 8:02x}:{index & 255:02x}"


def wire(plan: Plan) -> Wired:
    """Make everything; synchronous, with no event loop running, after enter_sandbox."""
    with ExitStack() as undo:
        internet = undo.enter_context(new())
        hosts = {host.name: undo.enter_context(new()) for host in plan.hosts}
        if len(hosts) < len(plan.hosts):
            raise ValueError("two hosts of the plan have the same name")
        _link(internet, [hosts[host.name] for host in plan.hosts])
        for host in plan.hosts:
            _address(host, hosts[host.name])
        undo.pop_all()
    return Wired(internet=internet, hosts=hosts)


def _link(internet: Namespace, hosts: Iterable[Namespace]) -> None:
    with inside(internet), IPRoute() as routes:
        for index, host in enumerate(hosts):
            peer = {"ifname": PORT, "net_ns_fd": host.fd, "address": mac(index)}
            routes.link("add", ifname=end(index), kind="veth", peer=peer)
            place = routes.link_lookup(ifname=end(index))[0]
            _no_link_local(routes, place)
            routes.link("set", index=place, state="up")  # together with `add`: ENOTCONN


def _address(host: Host, namespace: Namespace) -> None:
    with inside(namespace), IPRoute() as routes:
        place = routes.link_lookup(ifname=PORT)[0]
        _no_link_local(routes, place)
        _whole_checksums()
        routes.link("set", index=place, state="up")
        routes.addr("add", index=place, address=host.v4, prefixlen=32)
        if host.second:
            routes.addr("add", index=place, address=host.second, prefixlen=32)
        _gateway(routes, place, socket.AF_INET, GATEWAY_V4)
        if host.v6:
            routes.addr("add", index=place, address=host.v6, prefixlen=128, flags=IFA_F_NODAD)
            _gateway(routes, place, socket.AF_INET6, GATEWAY_V6)


def _gateway(routes: IPRoute, place: int, family: int, address: str) -> None:
    routes.neigh(
        "add", ifindex=place, family=family, dst=address, lladdr=GATEWAY_MAC, state=NUD_PERMANENT
    )
    routes.route(
        "add", family=family, dst="default", gateway=address, oif=place, flags=RTNH_F_ONLINK
    )


def _no_link_local(routes: IPRoute, place: int) -> None:
    """No router solicitations and multicast reports; by netlink, as /proc/sys may be read-only."""
    mode = {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", ADDR_GEN_MODE_NONE)]}
    routes.link("set", index=place, IFLA_AF_SPEC={"attrs": [("AF_INET6", mode)]})


def _whole_checksums() -> None:
    """Switch transmit checksum offload off; TSO and GSO alone would not cure partial checksums."""
    wish = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP16x", PORT.encode(), ctypes.addressof(wish))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
