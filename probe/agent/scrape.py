"""What a scraper is given: rendered in a thread, packed there, shared among all who ask at once."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aiohttp import web

from probe.metrics import agent as metrics
from probe.metrics.exposition import Form

FRESH_SECONDS = 1.0
"""How long a rendering serves all who ask; two scrapers, or two hundred, cost one rendering."""
SLICE_BYTES = 64 * 1024
"""Sent at once: a slow reader holds this much, not the whole."""
SEND_SECONDS = 30.0
"""Who has not read it by then is hung up on."""
GZIP_LEVEL = 1
_GZIP_WINDOW = 31

OPENMETRICS = "application/openmetrics-text"
VERSIONS = {"", "1.0.0", "0.0.1"}


@dataclass(frozen=True, slots=True)
class Wanted:
    form: Form
    gzip: bool


class Scrapes:
    """One rendering at a time, of a snapshot taken on the loop, read by nobody who changes it."""

    def __init__(
        self, snapshot: Callable[[], metrics.Snapshot], *, fresh_seconds: float = FRESH_SECONDS
    ) -> None:
        self._snapshot, self._fresh_seconds = snapshot, fresh_seconds
        self._held: dict[Wanted, bytes] = {}
        self._rendering = asyncio.Lock()

    async def body(self, wanted: Wanted) -> bytes:
        async with self._rendering:
            held = self._held.get(wanted)
            if held is None:
                held = await asyncio.to_thread(render, self._snapshot(), wanted)
                self._held[wanted] = held
                loop = asyncio.get_running_loop()
                loop.call_later(self._fresh_seconds, self._held.pop, wanted)
            return held

    async def answer(self, request: web.Request) -> web.StreamResponse:
        wanted = negotiated(request)
        body = await self.body(wanted)
        headers = {"Content-Type": wanted.form.value, "Vary": "Accept, Accept-Encoding"}
        if wanted.gzip:
            headers["Content-Encoding"] = "gzip"
        if len(body) <= SLICE_BYTES or request.method == "HEAD":
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for start in range(0, len(body), SLICE_BYTES):
                    await response.write(body[start : start + SLICE_BYTES])
        except TimeoutError:
            if request.transport:
                request.transport.abort()
        return response


def render(snapshot: metrics.Snapshot, wanted: Wanted) -> bytes:
    """Render outside the loop's thread, which takes its turn between two slices."""
    slices = _yielding(metrics.exposition(snapshot, wanted.form))
    return b"".join(_packed(slices) if wanted.gzip else slices)


def _yielding(slices: Iterable[bytes]) -> Iterator[bytes]:
    for each in slices:
        yield each
        time.sleep(0)  # the loop would else wait 5 ms for the interpreter


def _packed(slices: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for each in slices:
        yield packer.compress(each)
    yield packer.flush()


# ── what is asked for ────────────────────────────────────────────────────────────────────────


def negotiated(request: web.Request) -> Wanted:
    accepted = _weighed(request.headers.getall("Accept", []))
    openmetrics = max(
        (weight for kind, version, weight in accepted if _is_openmetrics(kind, version)), default=0
    )
    classic = max((weight for kind, _, weight in accepted if kind == "text/plain"), default=0)
    codings = _weighed(request.headers.getall("Accept-Encoding", []))
    return Wanted(
        form=Form.OPENMETRICS if openmetrics > 0 and openmetrics >= classic else Form.CLASSIC,
        gzip=any(coding == "gzip" and weight > 0 for coding, _, weight in codings),
    )


def _is_openmetrics(kind: str, version: str) -> bool:
    return kind == OPENMETRICS and version in VERSIONS


def _weighed(headers: Iterable[str]) -> list[tuple[str, str, float]]:
    """Read `a;version=1;q=0.5, b` into value, version and weight (RFC 9110, 12.4.2)."""
    read = []
    for entry in ",".join(headers).split(","):
        value, *parameters = (part.strip().lower() for part in entry.split(";"))
        named = dict(part.partition("=")[::2] for part in parameters)
        read.append((value, named.get("version", ""), _weight(named.get("q", "1"))))
    return read


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
