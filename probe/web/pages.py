"""The pages for people: what is failing and for whom, and the evidence of one incident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from probe.model import Service, Vantage
from probe.store import Store


@dataclass(frozen=True)
class Frame:
    """What a page shows besides what the store holds."""

    now: datetime
    services: tuple[Service, ...]
    roster: tuple[Vantage, ...]


class Pages:
    def __init__(self, store: Store, frame: Callable[[], Frame]) -> None:
        self._store = store
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        return []
