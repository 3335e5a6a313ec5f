"""The TLS step: a handshake on a stream of ours, over memory buffers.

Memory buffers keep what asyncio's own TLS loses: the errno of a reset, a FIN as an end, the
alert, and the chain of a handshake that was refused.
"""

from __future__ import annotations

import ssl

import msgspec

from probe.measure import certificate
from probe.measure.dial import Stream
from probe.measure.instruments import Instruments
from probe.measure.step import Mark, timed
from probe.model import Certificate, TlsHandshake

_CHUNK = 65536


class TlsStream:
    """A Stream inside a Stream. `read` is empty at a close_notify and at a bare FIN alike."""

    def __init__(self, inner: Stream, context: ssl.SSLContext, server_name: str) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.connection = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )
        self.source_port, self.stamps = inner.source_port, inner.stamps
        self.received = 0

    async def handshake(self) -> None:
        """Shake hands. Raises EOFError at the peer's FIN; else OpenSSL's or the kernel's error."""
        while True:
            try:
                self.connection.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise EOFError("the peer ended the connection in the handshake") from None
            else:  # what is left to be sent goes along with the first request, as browsers do it
                return

    async def read(self, most: int) -> bytes:
        while True:
            try:
                return self.connection.read(most)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def write(self, data: bytes) -> None:
        self.connection.write(data)
        await self._flush()

    def close(self) -> None:
        self._inner.close()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._inner.write(self._outgoing.read())

    async def _fill(self) -> bool:
        data = await self._inner.read(_CHUNK)
        self.received += len(data)
        self._incoming.write(data)
        return bool(data)


class Peer(msgspec.Struct, frozen=True):
    """Whom a handshake is with: where the stream leads, and the name it is asked for."""

    address: str
    port: int
    server_name: str


async def handshake(
    stream: Stream, peer: Peer, tools: Instruments, mark: Mark, *, verify: bool = True
) -> tuple[TlsHandshake, Stream | None]:
    """Shake hands over a stream, which stays the caller's to close. None when that failed."""
    context = tools.verifying if verify else tools.accepting
    inside, late = TlsStream(stream, context, peer.server_name), stream.stamps.late
    done = await timed(inside.handshake(), tools.limit(tools.settings.tls_timeout), tools.clock)
    took, timed_by = done.timing(stream.stamps, late)
    connection = inside.connection
    cipher = connection.cipher()
    seen = TlsHandshake(
        at=done.at,
        took=took,
        timed_by=timed_by,
        failure=done.failure,
        hop=mark.hop,
        test=mark.test,
        address=peer.address,
        port=peer.port,
        server_name=peer.server_name,
        version=connection.version() or "" if cipher else "",
        cipher=cipher[0] if cipher else "",
        alpn=(connection.selected_alpn_protocol() or "") if not done.failure else "",
        chain=_chain(connection, verified=verify and not done.failure),
    )
    return seen, None if done.failure else inside


def _chain(connection: ssl.SSLObject, *, verified: bool) -> tuple[Certificate, ...]:
    if verified:
        return certificate.verified(connection)
    return certificate.presented(connection)
