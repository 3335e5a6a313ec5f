"""QUIC on a reference server: hands are shaken, for HTTP/3, and nothing more is said.

A caller shows first that it is where it says it is (RFC 9000, section 8.1.2): until then nothing
is kept of it, and what it is sent is shorter than what it sent. It needs the extra `quic`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
import struct
from collections.abc import Callable
from typing import cast

import msgspec
from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionIdIssued,
    ConnectionIdRetired,
    ConnectionTerminated,
    HandshakeCompleted,
)
from aioquic.quic.packet import (
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from probe.clock import Clock

HTTP_3 = ["h3"]
SHORTEST_INITIAL = 1200
"""Bytes of a datagram that may begin a connection (RFC 9000, section 14.1)."""
ID_BYTES = 8
SMALL = 16 * 1024
"""Bytes of streams that may be sent to us: none are read."""
TOKEN_SECONDS = 30.0
_TAG_BYTES = 16
_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL
)

# What it warns of is what strangers sent.
logging.getLogger("quic").setLevel(logging.CRITICAL + 1)

Address = tuple[str, int]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Who is let in, and how much they are sent."""

    enter: Callable[[str], bool]
    """From this address; whoever was let in leaves again."""
    leave: Callable[[str, bool], None]
    """Whether hands had been shaken goes with it."""
    grant: Callable[[str, int], bool]
    """Whether so many bytes may be sent there."""


OPEN = Gate(enter=lambda _: True, leave=lambda _, __: None, grant=lambda _, __: True)


def configuration(certificate: bytes, key: bytes, patience: float) -> QuicConfiguration:
    """Configure a server by PEM texts; both may be one that holds the key and the chain."""
    chain = x509.load_pem_x509_certificates(certificate)
    found = _KEY.search(key)
    if found is None:
        raise ValueError("no private key is in it")
    made = QuicConfiguration(
        is_client=False, alpn_protocols=HTTP_3, idle_timeout=patience, max_data=SMALL,
        max_stream_data=SMALL, connection_id_length=ID_BYTES,
    )  # fmt: skip
    made.certificate, made.certificate_chain = chain[0], chain[1:]
    made.private_key = load_pem_private_key(found[0], None)
    return made


class Tokens:
    """Says by a token, which costs no memory, that somebody was reached at an address."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def make(self, address: Address, original: bytes, chosen: bytes, now: float) -> bytes:
        """Vouch for who asked for the connection `original`, and is told to ask for `chosen`."""
        said = struct.pack("!d", now) + original
        return self._tag(said, address, chosen) + said

    def read(self, token: bytes, address: Address, chosen: bytes, now: float) -> bytes | None:
        """Give the connection that was asked for first; None for a token that is not good."""
        tag, said = token[:_TAG_BYTES], token[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(said, address, chosen)):
            return None
        (made,) = struct.unpack_from("!d", said)
        return said[8:] if 0 <= now - made <= TOKEN_SECONDS else None

    def _tag(self, said: bytes, address: Address, chosen: bytes) -> bytes:
        told = f"{address[0]} {address[1]} {chosen.hex()} ".encode() + said
        return hmac.digest(self._key, told, hashlib.sha256)[:_TAG_BYTES]


class Caller:
    """One connection, and where it comes from."""

    def __init__(self, connection: QuicConnection, address: Address) -> None:
        self.connection, self.address = connection, address
        self.names: set[bytes] = set()
        self.shaken = False
        self.timer: asyncio.TimerHandle | None = None
        self.end: asyncio.TimerHandle | None = None


class Speaker(asyncio.DatagramProtocol):
    """All connections of one socket."""

    def __init__(
        self, wanted: QuicConfiguration, clock: Clock, patience: float, gate: Gate = OPEN
    ) -> None:
        """Nobody is kept for longer than `patience` seconds."""
        self._wanted, self._clock, self._patience, self._gate = wanted, clock, patience, gate
        self._tokens = Tokens()
        self._callers: dict[bytes, Caller] = {}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        """A caller's port is closed: its connection runs out by itself."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=ID_BYTES)
        except ValueError:
            return
        known = self._callers.get(header.destination_cid)
        if known is None:
            known = self._begun(header, data, addr)
        if known is not None:
            self._feed(known, data, addr)

    def close(self) -> None:
        for caller in set(self._callers.values()):
            self._forget(caller)
        self._transport.close()

    def _begun(self, header: QuicHeader, data: bytes, addr: Address) -> Caller | None:
        long = header.version is not None and len(data) >= SHORTEST_INITIAL
        if not long or header.packet_type is QuicPacketType.VERSION_NEGOTIATION:
            return None
        if header.version not in self._wanted.supported_versions:
            self._transport.sendto(_versions(header, self._wanted), addr)
        elif header.packet_type is QuicPacketType.INITIAL:
            return self._asked(header, addr)
        return None

    def _asked(self, header: QuicHeader, addr: Address) -> Caller | None:
        chosen, now = header.destination_cid, self._clock.monotonic()
        if not header.token:
            self._transport.sendto(self._retry(header, addr, now), addr)
            return None
        original = self._tokens.read(header.token, addr, chosen, now)
        if original is None or not self._gate.enter(addr[0]):
            return None
        caller = Caller(
            QuicConnection(
                configuration=self._wanted,
                original_destination_connection_id=original,
                retry_source_connection_id=chosen,
            ),
            addr,
        )
        loop = asyncio.get_running_loop()
        caller.end = loop.call_later(self._patience, self._forget, caller)
        for name in (chosen, caller.connection.host_cid):
            self._know(caller, name)
        return caller

    def _retry(self, header: QuicHeader, addr: Address, now: float) -> bytes:
        chosen = os.urandom(ID_BYTES)
        token = self._tokens.make(addr, header.destination_cid, chosen, now)
        return encode_quic_retry(
            version=header.version or 0,
            source_cid=chosen,
            destination_cid=header.source_cid,
            original_destination_cid=header.destination_cid,
            retry_token=token,
        )

    def _feed(self, caller: Caller, data: bytes, addr: Address) -> None:
        try:
            caller.connection.receive_datagram(data, addr, self._clock.monotonic())
        except Exception:  # noqa: BLE001 — whatever it trips over was sent by a stranger
            self._forget(caller)
        else:
            self._heed(caller)

    def _pass_time(self, caller: Caller) -> None:
        caller.connection.handle_timer(self._clock.monotonic())
        self._heed(caller)

    def _heed(self, caller: Caller) -> None:
        ended = False
        while (event := caller.connection.next_event()) is not None:
            match event:
                case ConnectionIdIssued():
                    self._know(caller, event.connection_id)
                case ConnectionIdRetired():
                    self._callers.pop(event.connection_id, None)
                case HandshakeCompleted():
                    caller.shaken = True
                case ConnectionTerminated():
                    ended = True
                case _:
                    pass  # nothing that is sent over it is read
        if ended or not self._sent(caller):
            self._forget(caller)
        else:
            self._wait(caller)

    def _sent(self, caller: Caller) -> bool:
        """Send what there is; False where that is more than may be sent there."""
        for data, addr in caller.connection.datagrams_to_send(self._clock.monotonic()):
            if not self._gate.grant(caller.address[0], len(data)):
                return False
            self._transport.sendto(data, addr)
        return True

    def _wait(self, caller: Caller) -> None:
        if caller.timer is not None:
            caller.timer.cancel()
        due = caller.connection.get_timer()
        if due is not None:
            wait = max(0.0, due - self._clock.monotonic())
            caller.timer = asyncio.get_running_loop().call_later(wait, self._pass_time, caller)

    def _know(self, caller: Caller, name: bytes) -> None:
        self._callers[name] = caller
        caller.names.add(name)

    def _forget(self, caller: Caller) -> None:
        if not caller.names:
            return
        for timer in (caller.timer, caller.end):
            if timer is not None:
                timer.cancel()
        for name in caller.names:
            self._callers.pop(name, None)
        caller.names.clear()
        self._gate.leave(caller.address[0], caller.shaken)


def _versions(header: QuicHeader, wanted: QuicConfiguration) -> bytes:
    return encode_quic_version_negotiation(
        source_cid=header.destination_cid,
        destination_cid=header.source_cid,
        supported_versions=wanted.supported_versions,
    )
