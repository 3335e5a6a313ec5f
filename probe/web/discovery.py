"""`GET /sd/probes`: where Prometheus finds the agents (http_sd), for who has the token.

It names the addresses of probe hosts, so it is never public: without a token in the configuration
it is not there, and only the listener that has /metrics has it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiohttp import web

from probe.config.load import digest
from probe.config.shape import CorrelatorConfig, EnrolledAgent
from probe.transport.enrolment import is_bearer

PATH = "/sd/probes"


class Labels(msgspec.Struct, frozen=True):
    country: str
    asn: str
    network_kind: str


class Group(msgspec.Struct, frozen=True):
    """One entry of Prometheus' http_sd format."""

    targets: tuple[str, ...]
    labels: Labels


class Readable(msgspec.Struct, frozen=True):
    reader: bytes
    """SHA-256 of the token that may read it; empty: there is nothing to read."""
    groups: tuple[Group, ...]


class Discovery:
    """`agreed` may be replaced while it runs."""

    def __init__(self, agreed: Readable) -> None:
        self.agreed = agreed

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self.probes)]

    async def probes(self, request: web.Request) -> web.Response:
        if not self.agreed.reader:
            raise web.HTTPNotFound
        if not is_bearer(request.headers.get("Authorization", ""), self.agreed.reader):
            sentence = "send `Authorization: Bearer <token>`; see discovery in correlator.yaml\n"
            return web.Response(
                status=401, text=sentence, headers={"WWW-Authenticate": "Bearer", **UNCACHED}
            )
        body = msgspec.json.encode(self.agreed.groups)
        return web.Response(body=body, content_type="application/json", headers=UNCACHED)


UNCACHED = {"Cache-Control": "no-store"}


def readable(config: CorrelatorConfig) -> Readable:
    """Read who may read what; raises ConfigError."""
    reader = bytes.fromhex(digest(config.discovery)) if config.discovery else b""
    return Readable(reader, groups(config.agents))


def groups(agents: Iterable[EnrolledAgent]) -> tuple[Group, ...]:
    return tuple(
        Group(
            (agent.scrape,),
            Labels(agent.vantage.country, str(agent.vantage.asn), str(agent.vantage.kind)),
        )
        for agent in agents
        if agent.scrape
    )
