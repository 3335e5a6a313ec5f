"""Asks the lab's correlator what it holds, over its own HTTPS interface and from its own namespace."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec
from aiohappyeyeballs import AddrInfoType

from probe.lab.kernel.sandbox.namespace import Namespace, inside
from probe.model import Incident

TIMEOUT_SECONDS = 3

MakeSocket = Callable[[AddrInfoType], socket.socket]


class Verdicts(msgspec.Struct, frozen=True):
    verdicts: tuple[msgspec.Raw, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """Incidents as listed; of their evidence the list gives only the rules."""

    incidents: tuple[dict[str, msgspec.Raw], ...] = ()


class Watch:
    """One keep-alive connection; every question answers None while the correlator is away."""

    def __init__(self, base: str, bundle: Path, make_socket: MakeSocket) -> None:
        self._base = base
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=ssl.create_default_context(cafile=str(bundle)), socket_factory=make_socket
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        )

    async def close(self) -> None:
        await self._session.close()

    async def ready(self) -> bool:
        return await self._get("/-/ready") is not None

    async def incidents(self) -> tuple[Incident, ...] | None:
        body = await self._get("/api/v1/incidents")
        return None if body is None else incidents(body)

    async def verdicts(self) -> tuple[msgspec.Raw, ...]:
        body = await self._get("/api/v1/verdicts")
        return () if body is None else msgspec.json.decode(body, type=Verdicts).verdicts

    async def _get(self, path: str) -> bytes | None:
        try:
            async with self._session.get(self._base + path) as reply:
                return await reply.read() if reply.ok else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None


def incidents(body: bytes) -> tuple[Incident, ...]:
    listed = msgspec.json.decode(body, type=Listed).incidents
    return tuple(
        msgspec.json.decode(
            msgspec.json.encode({k: v for k, v in entry.items() if k != "evidence"}),
            type=Incident,
        )
        for entry in listed
    )


def within(home: Namespace) -> MakeSocket:
    """Make sockets that speak from that namespace."""

    def make(info: AddrInfoType) -> socket.socket:
        with inside(home):
            return socket.socket(info[0], info[1], info[2])

    return make
