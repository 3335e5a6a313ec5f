"""TLS of the serving side over memory buffers: a connection is counted before it costs a handshake."""

from __future__ import annotations

import asyncio
import ssl

CHUNK = 16_384


class Plain:
    """Bytes as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def begin(self) -> None:
        """Nothing is to be agreed on."""

    async def read(self) -> bytes:
        """Give what there is; empty at the end."""
        return await self._reader.read(CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


class Secured:
    """The same within TLS. Errors are OpenSSL's, OSError all, or EOFError."""

    def __init__(self, inner: Plain, context: ssl.SSLContext) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def begin(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                return await self._flush()
            except ssl.SSLWantReadError:
                await self._feed()
            except ssl.SSLError:
                await self._flush()  # the alert
                raise

    async def read(self) -> bytes:
        while True:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._feed()

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def _feed(self) -> None:
        await self._flush()
        data = await self._inner.read()
        if not data:
            raise EOFError("the caller ended")
        self._incoming.write(data)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._inner.write(self._outgoing.read())
