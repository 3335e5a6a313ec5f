"""What a request to /probe asks for: which endpoint, judged how, within what time. Pure.

The contract is blackbox_exporter's, but for what it may be pointed at: only at what this agent is
configured to measure anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from probe.model import Endpoint, Target

DEFAULT_MODULE = "http_2xx"
MODULES = {
    "http_2xx": "The endpoint's own expectations; where it lists no status, 200 to 299.",
    "endpoint": "The endpoint's own expectations, as in the agent's own rounds.",
}
KNOWN = {"target", "module", "debug"}

SCRAPE_TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
LONGEST_SECONDS = 120.0
"""Where no scraper says when it gives up, as blackbox_exporter has it."""
OFFSET_SECONDS = 0.5
"""Kept back from the scraper's timeout, for the way there and back."""

TWO_HUNDREDS = tuple(range(200, 300))


class RefusedError(Exception):
    """A request that is not answered by a probe: its status, and why in one sentence."""

    def __init__(self, status: int, sentence: str, *, retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.retry_after = status, retry_after


@dataclass(frozen=True, slots=True)
class Asked:
    target: Target
    endpoint: Endpoint
    """As the module has it."""
    module: str
    within: float
    """Seconds."""
    debug: bool


def read(query: Mapping[str, str], timeout: str, endpoints: Mapping[Target, Endpoint]) -> Asked:
    """Read a query and the scrape timeout's header. Raises RefusedError."""
    strange = sorted(set(query) - KNOWN)
    if strange:
        raise RefusedError(400, f"parameter {strange[0]!r} is not supported")
    wanted = query.get("target", "")
    if not wanted:
        raise RefusedError(400, "Target parameter is missing")
    target, endpoint = _found(wanted, endpoints)
    module = query.get("module", "") or DEFAULT_MODULE
    if module not in MODULES:
        raise RefusedError(400, f"Unknown module {module!r}; there are {', '.join(MODULES)}")
    if module == DEFAULT_MODULE and not endpoint.status:
        endpoint = msgspec.structs.replace(endpoint, status=TWO_HUNDREDS)
    return Asked(target, endpoint, module, within(timeout), query.get("debug") == "true")


def within(header: str) -> float:
    """Give the seconds a probe has, by what the scraper said of its own patience."""
    if not header:
        return LONGEST_SECONDS - OFFSET_SECONDS
    try:
        seconds = float(header)
    except ValueError:  # blackbox_exporter's status for it
        raise RefusedError(500, f"{SCRAPE_TIMEOUT} must be a number, not {header!r}") from None
    if math.isnan(seconds) or seconds < 0:
        raise RefusedError(400, f"{SCRAPE_TIMEOUT} must be 0 or more, not {header!r}")
    seconds = min(seconds or LONGEST_SECONDS, LONGEST_SECONDS)
    return max(seconds - OFFSET_SECONDS, seconds / 2)


def _found(wanted: str, endpoints: Mapping[Target, Endpoint]) -> tuple[Target, Endpoint]:
    url = _plain(wanted)
    for target, endpoint in endpoints.items():
        if wanted == name(target) or url == _plain(endpoint.url):
            return target, endpoint
    raise RefusedError(
        400,
        "the target is no endpoint of this agent; give the URL of one, or service/feature/endpoint",
    )


def name(target: Target) -> str:
    return f"{target.service}/{target.feature}/{target.endpoint}"


def _plain(url: str) -> str:
    """Write one URL one way: http where no scheme is given, no slash after a bare host."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "http", url
    host, _, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{'/' if path else ''}{path}"
