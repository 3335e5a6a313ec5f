"""The name a client says first: put together from TCP segments, read from a TLS ClientHello or HTTP; pure."""

from __future__ import annotations

LONGEST = 16_384
"""Bytes of a stream's beginning that are looked at."""
HANDSHAKE_RECORD, CLIENT_HELLO, SERVER_NAME, HOST_NAME = 22, 1, 0, 0
_RECORD_HEADER = 5
_HALF = 1 << 31
_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ")


class Beginning:
    """The first bytes of one direction of a stream, by sequence number: any order, any overlap."""

    def __init__(self, first: int | None = None) -> None:
        self._first = first
        """The sequence number of the first byte; None until data or a SYN told it."""
        self._pieces: dict[int, bytes] = {}
        self.bytes = b""

    def feed(self, seq: int, data: bytes) -> None:
        """Add a segment; what lies past LONGEST is not kept."""
        if self._first is None:
            self._first = seq
        at = (seq - self._first) % (2 * _HALF)
        if at >= _HALF:  # begins before the first byte: a keep-alive, or an old retransmission
            data, at = data[2 * _HALF - at :], 0
        if not data or at + len(data) > LONGEST:
            return
        if len(self._pieces.get(at, b"")) < len(data):
            self._pieces[at] = data
        self._join()

    def _join(self) -> None:
        for at in sorted(self._pieces):
            if at > len(self.bytes):
                return
            piece = self._pieces.pop(at)
            self.bytes += piece[len(self.bytes) - at :]


def host_of(stream: bytes) -> str | None:
    """Say which server name the stream asks for, in TLS or in plain HTTP; None if not (yet) any."""
    return server_name(stream) or http_host(stream)


def server_name(stream: bytes) -> str | None:
    """Read the SNI as soon as its bytes are there; None while they are not, or never will be."""
    try:
        return _find_name(_handshake(stream))
    except (IndexError, UnicodeDecodeError):
        return None


def name_in(hello: bytes) -> str | None:
    """Read the SNI of a ClientHello without records around it, as QUIC carries it."""
    try:
        return _find_name(hello)
    except (IndexError, UnicodeDecodeError):
        return None


def _handshake(stream: bytes) -> bytes:
    """Take the record layer off; a hello may be spread over several records."""
    parts, at = [], 0
    while at + _RECORD_HEADER <= len(stream) and stream[at] == HANDSHAKE_RECORD:
        length = _number(stream, at + 3, 2)
        parts.append(stream[at + _RECORD_HEADER : at + _RECORD_HEADER + length])
        at += _RECORD_HEADER + length
    return b"".join(parts)


def _find_name(hello: bytes) -> str | None:
    """RFC 8446, 4.1.2: version, random, session id, ciphers, compression, extensions."""
    if hello[0] != CLIENT_HELLO:
        return None
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + _number(hello, at, 2)
    at += 1 + hello[at]
    end = at + 2 + _number(hello, at, 2)
    at += 2
    while at < end:
        kind, length = _number(hello, at, 2), _number(hello, at + 2, 2)
        at += 4
        if kind == SERVER_NAME:
            return _host_name(hello, at)
        at += length
    return None


def _host_name(hello: bytes, at: int) -> str | None:
    """RFC 6066, section 3: a list, of which the first entry is the name."""
    kind, length = hello[at + 2], _number(hello, at + 3, 2)
    name = hello[at + 5 : at + 5 + length]
    if kind != HOST_NAME or len(name) < length:
        return None
    return name.decode("ascii").lower() or None


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big")


def http_host(stream: bytes) -> str | None:
    """Read the Host header of a plain request, port left off; None until its line is whole."""
    if not stream.startswith(_METHODS):
        return None
    head = stream.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    whole = lines if b"\r\n\r\n" in stream else lines[:-1]
    for line in whole[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"host":
            return _without_port(value.decode("latin-1").strip().lower()) or None
    return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0]


def matches(name: str, blocked: tuple[str, ...], *, within: bool = False) -> bool:
    """Exactly, as a subdomain, or anywhere `within`; no blocked name at all means every name."""
    name = name.rstrip(".").lower()
    if within and any(one in name for one in blocked):
        return True
    return not blocked or any(name == one or name.endswith(f".{one}") for one in blocked)
