"""The kernel's word on packets that ended on their way: ip(7), ipv6(7), no privilege needed.

It keeps the ICMP errors of a socket that asked for them in a queue of its own.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Protocol

IP_RECVERR, IPV6_RECVERR = 11, 25
"""Of linux/in.h and linux/in6.h; Python does not name them."""
_ERROR = struct.Struct("=IBBBBII")
"""struct sock_extended_err of linux/errqueue.h; the offender's address follows it."""
ICMP, ICMP6 = 2, 3
"""Where an error comes from."""
TIME_EXCEEDED = {ICMP: 11, ICMP6: 3}
"""RFC 792, RFC 4443."""
_ROOM = 512


def limit_hops(kernel: socket.SocketType, hops: int) -> None:
    """Let this socket's packets pass so many routers less one, and be told of where they end."""
    if kernel.family == socket.AF_INET6:
        kernel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        kernel.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        kernel.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
        kernel.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


class Errors(Protocol):
    """What of a socket is read here."""

    def recvmsg(
        self, size: int, room: int, flags: int, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, object]: ...


def reporter(kernel: Errors, error: OSError) -> str:
    """Give the address of the router that let the socket's packet end; empty if it was no such thing."""
    if error.errno != errno.EHOSTUNREACH or not hasattr(socket, "MSG_ERRQUEUE"):
        return ""
    try:
        _, told, _, _ = kernel.recvmsg(0, _ROOM, socket.MSG_ERRQUEUE)
    except OSError:  # the kernel itself found no way
        return ""
    return next((where for _, _, data in told if (where := _offender(data))), "")


def _offender(data: bytes) -> str:
    if len(data) < _ERROR.size:
        return ""
    _, origin, kind, _, _, _, _ = _ERROR.unpack_from(data)
    address = data[_ERROR.size :]
    if TIME_EXCEEDED.get(origin) != kind:
        return ""
    if origin == ICMP6:  # struct sockaddr_in6: family, port, flow, address
        return socket.inet_ntop(socket.AF_INET6, address[8:24]) if len(address) >= 24 else ""  # noqa: PLR2004
    return socket.inet_ntop(socket.AF_INET, address[4:8]) if len(address) >= 8 else ""  # noqa: PLR2004
