"""The network seam in memory: a Dialer that plays a script, for tests without a kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from probe.measure.dial import Datagrams, Stream
from probe.measure.stamp import UNSTAMPED, Stamps

Line = bytes | OSError | None
"""What a read gives: these bytes, this error, or silence without end."""


@dataclass(kw_only=True)
class MemoryStream:
    """Reads follow the script, then the peer's clean end; writes are kept."""

    script: list[Line]
    source_port: int = 40000
    written: bytes = b""
    closed: bool = False
    received: int = 0
    stamps: Stamps = UNSTAMPED

    async def read(self, most: int) -> bytes:
        match self.script.pop(0) if self.script else b"":
            case bytes(data):
                if len(data) > most:
                    self.script.insert(0, data[most:])
                self.received += len(data[:most])
                return data[:most]
            case OSError() as error:
                raise error
            case None:
                return await _silence()

    async def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


@dataclass(kw_only=True)
class MemoryDatagrams:
    """Each question is answered by the script's next lines, with the question's own id."""

    script: list[Line]
    written: list[bytes] = field(default_factory=list)
    closed: bool = False
    stamps: Stamps = UNSTAMPED

    async def send(self, data: bytes) -> None:
        self.written.append(data)

    async def receive(self) -> bytes:
        match self.script.pop(0) if self.script else None:
            case bytes(data):
                return self.written[-1][:2] + data[2:]
            case OSError() as error:
                raise error
            case None:
                return await _silence()

    def close(self) -> None:
        self.closed = True


@dataclass(kw_only=True)
class MemoryDialer:
    """An address and port without a script refuses the connection."""

    streams: Mapping[tuple[str, int], Sequence[Line]] = field(default_factory=dict)
    answers: Mapping[tuple[str, int], Sequence[Line]] = field(default_factory=dict)
    ways: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The routers on the way to an address; an empty one never says anything."""
    opened: list[MemoryStream | MemoryDatagrams] = field(default_factory=list)

    async def connect(self, address: str, port: int) -> Stream:
        script = self.streams.get((address, port))
        if script is None:
            raise ConnectionRefusedError(111, "Connection refused")
        stream = MemoryStream(script=list(script), source_port=40000 + len(self.opened))
        self.opened.append(stream)
        return stream

    async def expire(self, address: str, port: int, hops: int) -> str:
        way = self.ways.get(address, ())
        if hops > len(way):
            (await self.connect(address, port)).close()
            return ""
        return way[hops - 1] or (await _silence()).decode()

    def datagrams(self, address: str, port: int) -> Datagrams:
        datagrams = MemoryDatagrams(script=list(self.answers.get((address, port), ())))
        self.opened.append(datagrams)
        return datagrams


async def _silence() -> bytes:
    await asyncio.Event().wait()
    return b""
