"""Every name that the tables of failures know, from an error that really happened."""

import ctypes
import errno
import os
import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from probe.measure.failure import ERRNOS, RCODES, VERIFY_CODES, classify
from tests.lab.kernel.inside import child, needs_namespaces

TESTS = Path(__file__).parents[1]

Opened = Callable[[socket.socket], socket.socket]
"""Keeps a socket until the test's end."""


def tcp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def listening(opened: Opened, backlog: int = 8) -> socket.socket:
    server = opened(tcp())
    server.bind(("127.0.0.1", 0))
    server.listen(backlog)
    return server


def full(opened: Opened) -> tuple[str, int]:
    """Give an address that takes no connection more, and says nothing."""
    server = listening(opened, 0)
    where: tuple[str, int] = server.getsockname()
    for _ in range(3):
        waiting = opened(tcp())
        waiting.setblocking(False)  # noqa: FBT003 — its only form
        waiting.connect_ex(where)
    return where


def connected(opened: Opened) -> tuple[socket.socket, socket.socket]:
    server = listening(opened)
    client = opened(tcp())
    client.connect(server.getsockname())
    return client, opened(server.accept()[0])


# ── one way to each ──────────────────────────────────────────────────────────────────────────


def a_broadcast_without_leave(opened: Opened) -> None:
    opened(udp()).sendto(b"x", ("127.255.255.255", 9))


def a_port_taken(opened: Opened) -> None:
    opened(tcp()).bind(listening(opened).getsockname())


def an_address_of_another(opened: Opened) -> None:
    opened(tcp()).bind(("192.0.2.1", 0))


def a_family_that_is_none(opened: Opened) -> None:
    opened(socket.socket(200, socket.SOCK_STREAM))


def a_read_of_nothing_yet(opened: Opened) -> None:
    client, _ = connected(opened)
    client.setblocking(False)  # noqa: FBT003 — its only form
    client.recv(1)


def a_second_connect_meanwhile(opened: Opened) -> None:
    where, client = full(opened), opened(tcp())
    client.setblocking(False)  # noqa: FBT003 — its only form
    client.connect_ex(where)
    client.connect(where)


def a_second_connect(opened: Opened) -> None:
    client, server = connected(opened)
    client.connect(server.getsockname())


def a_closed_descriptor(opened: Opened) -> None:
    client = opened(tcp())
    client.close()
    client.getsockname()


def a_port_nobody_listens_on(opened: Opened) -> None:
    server = listening(opened)
    where = server.getsockname()
    server.close()
    opened(tcp()).connect(where)


def a_reset(opened: Opened) -> None:
    client, server = connected(opened)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    server.close()
    client.recv(1)


def a_write_after_the_end(opened: Opened) -> None:
    client, _ = connected(opened)
    client.shutdown(socket.SHUT_WR)
    client.send(b"x")


def a_datagram_to_nowhere(opened: Opened) -> None:
    opened(udp()).send(b"x")


def a_wild_pointer(opened: Opened) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.connect(opened(tcp()).fileno(), ctypes.c_void_p(1), 16) == -1
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def a_second_bind(opened: Opened) -> None:
    listening(opened).bind(("127.0.0.1", 0))


def no_descriptor_left(opened: Opened) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = opened(tcp()).fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        opened(tcp())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def a_datagram_too_large(opened: Opened) -> None:
    opened(udp()).sendto(bytes(70_000), ("127.0.0.1", 9))


def an_option_that_is_none(opened: Opened) -> None:
    opened(tcp()).setsockopt(socket.IPPROTO_TCP, 9999, 1)


def the_peer_of_none(opened: Opened) -> None:
    opened(tcp()).getpeername()


def a_file_for_a_socket(_: Opened) -> None:
    with Path("/dev/null").open("rb") as file:
        socket.socket(fileno=file.fileno())


def a_protocol_of_another(opened: Opened) -> None:
    opened(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP))


def a_stream_to_a_datagram_socket(opened: Opened) -> None:
    with TemporaryDirectory() as folder:
        opened(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(f"{folder}/s")
        opened(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)).connect(f"{folder}/s")


def a_kernel_that_gives_up(opened: Opened) -> None:
    where, client = full(opened), opened(tcp())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1)
    client.connect(where)


HERE: dict[int, Callable[[Opened], None]] = {
    errno.EACCES: a_broadcast_without_leave,
    errno.EADDRINUSE: a_port_taken,
    errno.EADDRNOTAVAIL: an_address_of_another,
    errno.EAFNOSUPPORT: a_family_that_is_none,
    errno.EAGAIN: a_read_of_nothing_yet,
    errno.EALREADY: a_second_connect_meanwhile,
    errno.EBADF: a_closed_descriptor,
    errno.ECONNREFUSED: a_port_nobody_listens_on,
    errno.ECONNRESET: a_reset,
    errno.EDESTADDRREQ: a_datagram_to_nowhere,
    errno.EFAULT: a_wild_pointer,
    errno.EINVAL: a_second_bind,
    errno.EISCONN: a_second_connect,
    errno.EMFILE: no_descriptor_left,
    errno.EMSGSIZE: a_datagram_too_large,
    errno.ENOPROTOOPT: an_option_that_is_none,
    errno.ENOTCONN: the_peer_of_none,
    errno.ENOTSOCK: a_file_for_a_socket,
    errno.EPIPE: a_write_after_the_end,
    errno.EPROTONOSUPPORT: a_protocol_of_another,
    errno.EPROTOTYPE: a_stream_to_a_datagram_socket,
    errno.ETIMEDOUT: a_kernel_that_gives_up,
}
ROUTER = """
import os, struct
from pyroute2 import IPRoute
with IPRoute() as ip:
    ip.link('add', ifname='here', kind='veth', peer='there')
    here, there = (ip.link_lookup(ifname=name)[0] for name in ('here', 'there'))
    ip.addr('add', index=here, address='10.0.0.1', prefixlen=24)
    for index in (1, here, there):
        ip.link('set', index=index, state='up')
    ip.neigh('add', dst='10.0.0.2', lladdr='02:00:00:00:00:02', ifindex=here)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
wire.bind(('there', 0))
client = socket.socket()
client.setblocking(False)
client.connect_ex(('10.0.0.2', 9))
source = struct.pack('!H', client.getsockname()[1])
syn = next(p for p in iter(lambda: wire.recv(2000)[14:], b'') if p[20:22] == source)
told = struct.pack('!BBHI', 3, {}, 0, 0) + syn[:28]
total = sum(struct.unpack('!18H', told))
total = (total & 0xFFFF) + (total >> 16)
told = told[:2] + struct.pack('!H', ~(total + (total >> 16)) & 0xFFFF) + told[4:]
router = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
router.sendto(told, ('10.0.0.1', 0))
client.setblocking(True)
while not (number := client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
    pass
raise OSError(number, os.strerror(number))
"""
"""A router answers a SYN with an ICMP message, destination unreachable, of a code (RFC 1122)."""
DESTROYED = """
import struct
from pyroute2 import IPRoute
with IPRoute() as ip:
    ip.link('set', index=1, state='up')
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
ports = struct.pack('!HH', client.getsockname()[1], server.getsockname()[1])
place = socket.inet_aton('127.0.0.1') + bytes(12)
asked = struct.pack('=BBBBI', socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFF) + ports + 2 * place
asked += struct.pack('=III', 0, 0xFFFFFFFF, 0xFFFFFFFF)
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
kernel.send(struct.pack('=IHHII', 16 + len(asked), 21, 5, 1, 0) + asked)
if struct.unpack_from('=i', kernel.recv(999), 16)[0]:
    raise SystemExit(print('needs a kernel with INET_DIAG_DESTROY'))
client.recv(1)
"""
"""As `ss -K` does it, and a phone whose network goes: SOCK_DESTROY of sock_diag(7)."""


INSIDE = {
    errno.ECONNABORTED: DESTROYED,
    errno.EHOSTDOWN: ROUTER.format(7),
    errno.ENONET: ROUTER.format(8),
    errno.EOPNOTSUPP: ROUTER.format(5),
    errno.ENETUNREACH: "socket.socket().connect(('192.0.2.1', 9))",
    errno.EHOSTUNREACH: (
        "from pyroute2 import IPRoute\n"
        "with IPRoute() as ip:\n"
        " ip.route('add', dst='192.0.2.0/24', type='unreachable')\n"
        "socket.socket().connect(('192.0.2.1', 9))"
    ),
    errno.ENETDOWN: (
        "from pyroute2 import IPRoute\n"
        "with IPRoute() as ip:\n"
        " ip.link('set', index=1, state='down')\n"
        "raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "raw.bind(('lo', 0))\n"
        "raw.send(bytes(60))"
    ),
}
"""In a network namespace of their own: what no process may do to the machine."""
BEYOND = {
    errno.EINTR: "Python tries again by itself (PEP 475)",
    errno.ENETRESET: "Linux gives it where a keepalive socket's routes were flushed; BSD's name",
    errno.ENFILE: "the whole machine's descriptors would have to be used up",
    errno.ENOBUFS: "the kernel would have to run out of memory",
    errno.ENOMEM: "the kernel would have to run out of memory",
    errno.EPERM: "a packet filter of the machine's own gives it; EACCES has the same name",
}
"""What cannot be made to happen here, and why; `test_failure` gives them by hand."""
ELSEWHERE = {
    "dns_bogon_error": "measure/test_dns.py",
    "dns_no_answer": "measure/test_dns.py",
    "dns_nxdomain_error": "measure/test_dns.py",
    "dns_refused_error": "measure/test_dns.py",
    "dns_server_misbehaving": "measure/test_dns.py",
    "dns_servfail_error": "measure/test_dns.py",
    "eof_error": "measure/test_tls.py",
    "generic_timeout_error": "measure/test_tls.py",
    "http_invalid_redirect_location_host": "measure/test_http.py",
    "http_request_failed": "measure/test_http.py",
    "ssl_failed_handshake": "measure/test_tls.py",
    "ssl_invalid_certificate": "measure/test_tls.py",
    "ssl_invalid_hostname": "measure/test_tls.py",
    "ssl_unknown_authority": "measure/test_tls.py",
}
"""Made to happen by a server on loopback, in these tests."""


def happened(number: int) -> OSError | None:
    with ExitStack() as kept:
        try:
            HERE[number](kept.enter_context)
        except OSError as error:
            return error
    return None


@pytest.mark.parametrize("number", HERE, ids=errno.errorcode.get)
def test_an_error_that_happened(number: int) -> None:
    error = happened(number)
    assert error
    found = classify(error)
    assert (found.name, found.errno) == (ERRNOS[number], number)


SCRIPT = """
import errno, socket
from probe.measure.failure import classify
try:
{}
except OSError as error:
    found = classify(error)
    print(found.name, found.errno)
"""


@needs_namespaces
@pytest.mark.parametrize("number", INSIDE, ids=errno.errorcode.get)
def test_an_error_that_happened_in_a_network_of_its_own(number: int) -> None:
    body = "\n".join(f" {line}" for line in INSIDE[number].splitlines())
    said = child(SCRIPT.format(body))
    if said.startswith("needs "):
        pytest.skip(said)
    assert said == f"{ERRNOS[number]} {number}"


def test_each_error_of_the_table_happened_or_cannot() -> None:
    assert {*HERE, *INSIDE, *BEYOND} == set(ERRNOS)
    assert not {*HERE, *INSIDE} & set(BEYOND)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_that_a_server_makes_happen(name: str) -> None:
    assert f'"{name}"' in (TESTS / ELSEWHERE[name]).read_text()


def test_each_name_of_the_tables_happened_or_cannot() -> None:
    named = {*ERRNOS.values(), *VERIFY_CODES.values(), *RCODES.values()}
    made = {*ELSEWHERE, *(ERRNOS[number] for number in (*HERE, *INSIDE, *BEYOND))}
    assert named <= made
