"""What the kernel tells of packets that ended, over real packets: tests/lab/kernel/test_path.py."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from probe.measure.hops import limit_hops, reporter

UNREACHABLE = OSError(errno.EHOSTUNREACH, "")


class Told:
    """A socket with this in its queue of errors."""

    def __init__(self, *data: bytes) -> None:
        self._data = data

    def recvmsg(self, *_: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
        if not self._data:
            raise BlockingIOError(errno.EAGAIN, "")
        return b"", [(0, 11, data) for data in self._data], 0, ("", 0)


def extended(origin: int, kind: int) -> bytes:
    return struct.pack("=IBBBBII", errno.EHOSTUNREACH, origin, kind, 0, 0, 0, 0)


V4 = struct.pack("=HH", socket.AF_INET, 0) + bytes((45, 1, 2, 254)) + bytes(8)
V6 = struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, "2a0e::fe")


@pytest.mark.parametrize(
    ("data", "router"),
    [
        ((extended(2, 11) + V4,), "45.1.2.254"),
        ((extended(3, 3) + V6,), "2a0e::fe"),
        ((extended(2, 3) + V4,), ""),  # unreachable, says a host
        ((extended(2, 11) + V4[:6],), ""),
        ((extended(3, 3) + V6[:20],), ""),
        ((b"\0" * 7,), ""),
        ((b"\0" * 7, extended(2, 11) + V4), "45.1.2.254"),
        ((), ""),
    ],
)
def test_who_let_a_packet_end(data: tuple[bytes, ...], router: str) -> None:
    assert reporter(Told(*data), UNREACHABLE) == router


def test_another_error_is_not_asked_about() -> None:
    assert reporter(Told(extended(2, 11) + V4), ConnectionRefusedError(111, "")) == ""


@pytest.mark.parametrize(
    ("family", "level", "option"),
    [
        (socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL),
        (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
    ],
)
def test_a_socket_is_limited_in_its_own_family(family: int, level: int, option: int) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        limit_hops(one, 7)
        assert one.getsockopt(level, option) == 7
