"""The HTTP step: one HTTP/1.1 request over a stream of ours, one answer. Follows nothing."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from probe.measure import cookie, page
from probe.measure.answer import Answer
from probe.measure.dial import Stream
from probe.measure.expectation import MET, hold
from probe.measure.failure import INVALID_REDIRECT, StepError
from probe.measure.familiar import Familiar
from probe.measure.instruments import Instruments
from probe.measure.pace import Arrival, quarters
from probe.measure.scrub import scrub
from probe.measure.simhash import simhash
from probe.measure.site import BadUrlError, Site, join
from probe.measure.step import Mark, timed
from probe.model import (
    DifferentialTest,
    Endpoint,
    Expectation,
    Failure,
    Fingerprint,
    Header,
    HttpExchange,
)

REDIRECTS = {301, 302, 303, 307, 308}

TOLD_HEADERS = {
    *("accept-ranges", "age", "alt-svc", "cache-control", "cf-cache-status", "cf-mitigated"),
    *("cf-ray", "connection", "content-encoding", "content-language", "content-length"),
    *("content-type", "date", "expires", "last-modified", "location", "pragma", "retry-after"),
    *("server", "strict-transport-security", "transfer-encoding", "upgrade", "vary", "via"),
    *("x-amz-cf-id", "x-amz-cf-pop", "x-cache", "x-cache-hits", "x-frame-options"),
    *("x-powered-by", "x-served-by", "x-timer", "x-xss-protection"),
    *("x-amzn-waf-action", "x-cdn", "x-vercel-mitigated"),
}
"""Headers whose values are kept: of the others, which may name a person, only the name."""

_CHUNK = 65536
_MOST_HEADERS = 100
_LONGEST_VALUE = 500
_LONGEST_NAME = 100
_OFTEN = 300  # letters of a header, or of a URL's target, that is remembered
_PACE = DifferentialTest.GOODPUT
_SEE_OTHER = 303
_LASTING_SECONDS = 1.0
_LONGEST_ADDRESS = 128  # bytes
_SMALL = 4096  # bytes of a body that is remembered itself
_read_often: Familiar[tuple[bytes, str], tuple[str, str]] = Familiar(256)
"""Digest and title of small pages, by body and type."""
_titles: Familiar[tuple[str, str], tuple[str]] = Familiar(1024)
"""Of pages seen before, by digest and type."""
_simhashes: Familiar[str, tuple[str]] = Familiar(1024)
"""Of the same, by digest."""
_told_often: Familiar[tuple[str, str], Header] = Familiar(2048)
"""Most headers are what they were in the round before."""
_MOVED = {301, 302}
_BEYOND_ASCII = re.compile("[\x80-\xff]")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    site: Site
    method: str
    jar: cookie.Jar = ()
    until: float = math.inf
    """By the monotonic clock: what redirects then is followed no more."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Where a redirect leads."""

    site: Site
    method: str
    jar: cookie.Jar


async def fetch(
    stream: Stream, address: str, request: Request, tools: Instruments, mark: Mark
) -> tuple[HttpExchange, Next | None]:
    """Ask and read the answer, which is held against its expectations when it is final."""
    head, url = _asked(request, tools.user_agent)
    exchange, late = _Exchange(stream, request.method, head, tools), stream.stamps.late
    done = await timed(exchange.run(), tools.limit(tools.settings.http_timeout), tools.clock)
    took, timed_by = done.timing(stream.stamps, late)
    answer, body = exchange.answer, exchange.body()
    answer.close()
    digest, title = _read(body, answer.header("content-type"))
    end = _End(failure=done.failure) if done.failure else _end(request, answer, body)
    onward = end.onward if end.onward and _goes_on(request, tools, mark) else None
    # Others' pages are compared with it: not with the expected one, over TLS.
    interesting = request.site.scheme == "http" or end.expectation is not MET
    # In the fields' own order, which is the cheapest way to fill them.
    seen = HttpExchange(
        at=done.at,
        took=took,
        failure=end.failure,
        hop=mark.hop,
        test=mark.test,
        timed_by=timed_by,
        url=url,
        address=address,
        method=request.method,
        status=answer.status,
        version=answer.version,
        headers=told_headers(answer.headers),
        location=told(end.onward.site) if end.onward else "",
        title=title,
        length=len(body),
        received=exchange.received if done.failure else 0,
        digest=digest,
        truncated=answer.truncated or exchange.more,
        # Redirects without an end are no answer.
        expectation=Expectation.STATUS if end.onward and not onward else end.expectation,
        matched=end.matched,
        simhash=_simhash(body, digest) if interesting else "",
        fingerprint=_fingerprint(request, answer, body, digest, tools),
        body=_kept(answer, body, tools) if interesting else "",
        first_byte=exchange.first_byte,
        quarters=_quarters(exchange, mark),
    )
    return seen, onward


def _goes_on(request: Request, tools: Instruments, mark: Mark) -> bool:
    return mark.hop < tools.settings.max_redirects and tools.clock.monotonic() < request.until


def _quarters(exchange: _Exchange, mark: Mark) -> tuple[float, ...]:
    """Tell how evenly it came where that was tested, or took long enough to be of interest."""
    came = exchange.came
    lasted = came[-1][0] - came[0][0] if came else 0.0
    tested = mark.test is _PACE
    return quarters(came) if tested or lasted >= _LASTING_SECONDS else ()


def _read(body: bytes, kind: str) -> tuple[str, str]:
    """Give a page's digest and title; the same page is read once."""
    if not body:
        return "", ""
    if len(body) > _SMALL or len(kind) > _OFTEN:
        return _read_anew(body, kind)
    return _read_often.get((body, kind)) or _read_often.keep((body, kind), _read_anew(body, kind))


def _read_anew(body: bytes, kind: str) -> tuple[str, str]:
    digest = hashlib.sha256(body).hexdigest()
    key = (digest, kind[:_OFTEN])
    [title] = _titles.get(key) or _titles.keep(key, (page.title(body, page.charset(body, kind)),))
    return digest, title


def _kept(answer: Answer, body: bytes, tools: Instruments) -> str:
    """Give the beginning of a page, where the operator asks for it, without addresses."""
    most = tools.settings.keep_body
    if not most:
        return ""
    charset = page.charset(body, answer.header("content-type"))
    # A little more first: an address that is cut in two is none to find.
    return scrub(page.text(body[: most + _LONGEST_ADDRESS], charset))[:most]


def _simhash(body: bytes, digest: str) -> str:
    [told] = _simhashes.get(digest) or _simhashes.keep(digest, (simhash(body),))
    return told


def _fingerprint(
    request: Request, answer: Answer, body: bytes, digest: str, tools: Instruments
) -> Fingerprint | None:
    """Over a certificate that verified, a page is the service's own, whatever it says."""
    if request.site.scheme != "http" or answer.status is None:
        return None
    return tools.fingerprints.of_page(answer.headers, body, digest)


def told(site: Site) -> str:
    """Write a URL so that it can be kept: what a notice page says of its reader is taken out."""
    return f"{site.scheme}://{site.authority}{scrub(site.target)}"


def told_headers(headers: Sequence[tuple[str, str]]) -> tuple[Header, ...]:
    """Keep every header's name, and the value of those that cannot name a person."""
    return tuple([_told_often.get(pair) or _told(pair) for pair in headers[:_MOST_HEADERS]])


def _told(pair: tuple[str, str]) -> Header:
    name, value = pair
    if name.lower() not in TOLD_HEADERS:
        return Header(name[:_LONGEST_NAME], "")
    begin = value[: _LONGEST_VALUE + _LONGEST_ADDRESS]  # as of a page that is kept
    header = Header(name, scrub(begin)[:_LONGEST_VALUE])
    return _told_often.keep(pair, header) if len(name) + len(value) < _OFTEN else header


class _End(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange came to: a failure, a way onward, or an answer, as expected or not."""

    failure: Failure | None = None
    onward: Next | None = None
    expectation: Expectation | None = None
    matched: str = ""


class _Exchange:
    """One request under way; what came is here also when it breaks off."""

    __slots__ = (
        *("_before", "_head", "_stream", "_tools"),
        *("answer", "came", "first_byte", "more"),
    )

    def __init__(self, stream: Stream, method: str, head: bytes, tools: Instruments) -> None:
        self._stream, self._head, self._tools = stream, head, tools
        self.answer = Answer(method, tools.settings.max_body)
        self.first_byte = 0.0
        self.more = False
        """A compressed body goes on beyond the cap."""
        self.came: list[Arrival] = []
        self._before = stream.received

    @property
    def received(self) -> int:
        return self._stream.received - self._before

    def body(self) -> bytes:
        """Give what came of the body, without a compression that nobody asked for."""
        came, most = bytes(self.answer.body), self._tools.settings.max_body
        encoding = self.answer.header("content-encoding")
        whole = page.plain(came, encoding, most) if encoding else came
        self.more = whole is not came and len(whole) == most
        return whole

    async def run(self) -> None:
        await self._stream.write(self._head)
        asked, late = self._tools.clock.monotonic(), self._stream.stamps.late
        data = await self._stream.read(_CHUNK)
        now = self._tools.clock.monotonic()
        self.first_byte, _ = self._stream.stamps.timing(now - asked, late)
        while data:
            self.answer.feed(data)
            self.came.append((now, len(self.answer.body)))
            if self.answer.done:
                return
            data = await self._stream.read(_CHUNK)
            now = self._tools.clock.monotonic()
        self.answer.end()


def _asked(request: Request, user_agent: str) -> tuple[bytes, str]:
    """Write a request's head, and the URL as it can be kept."""
    cookies = cookie.sent(request.jar, request.site.host) if request.jar else ""
    # What a site says to one visit alone, and that is long, is not remembered.
    often = not cookies and len(request.site.target) < _OFTEN
    write = _asked_often if often else _asked_anew
    return write(request.method, request.site, user_agent, cookies)


def _asked_anew(method: str, site: Site, user_agent: str, cookies: str) -> tuple[bytes, str]:
    return _written(method, site, user_agent, cookies), told(site)


_asked_often = lru_cache(1024)(_asked_anew)


def _written(method: str, site: Site, user_agent: str, cookies: str) -> bytes:
    lines = (
        f"{method} {site.target} HTTP/1.1",
        f"Host: {site.authority}",
        f"User-Agent: {user_agent}",
        "Accept: text/html,application/xhtml+xml,application/json,*/*;q=0.8",
        "Accept-Encoding: identity",
        *(("Content-Length: 0",) if method not in {"GET", "HEAD"} else ()),
        *((f"Cookie: {cookies}",) if cookies else ()),
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _end(request: Request, answer: Answer, body: bytes) -> _End:
    status = answer.status or 0
    listed = status in request.endpoint.status  # a link shortener's redirect is its answer
    if status in REDIRECTS and answer.header("location") and not listed:
        return _follow(request, status, answer)

    def text() -> str:
        return page.text(body, page.charset(body, answer.header("content-type")))

    expectation, matched = hold(request.endpoint, status, len(body), text)
    return _End(expectation=expectation, matched=matched)


def _follow(request: Request, status: int, answer: Answer) -> _End:
    try:
        site = join(request.site, _written_in(answer.header("location")))
    except BadUrlError as error:
        return _End(failure=StepError(INVALID_REDIRECT, str(error)).failure)
    asks_anew = status == _SEE_OTHER or (status in _MOVED and request.method == "POST")
    method = "GET" if asks_anew and request.method != "HEAD" else request.method
    jar = cookie.received(request.jar, request.site.host, answer.headers)
    return _End(onward=Next(site=site, method=method, jar=jar))


def _written_in(location: str) -> str:
    """Read a Location's bytes as browsers do: UTF-8, else what only its server can read."""
    try:
        return location.encode("latin-1").decode()
    except UnicodeDecodeError:
        return _BEYOND_ASCII.sub(lambda found: f"%{ord(found.group()):02X}", location)
