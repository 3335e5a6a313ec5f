"""The HTTP step: each way an answer comes or breaks off."""

import asyncio
import gzip
import hashlib
import tracemalloc

import pytest

from probe.measure.http import Next, Request, fetch, told, told_headers
from probe.measure.site import parse
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.model import Endpoint, Expectation, Header, HttpExchange
from tests.measure.world import Handler, World, answering, finish, hang, page, reset


async def get(
    world: World, handler: Handler, *, method: str = "GET", **endpoint: object
) -> tuple[HttpExchange, Next | None]:
    port = await world.server(handler)
    wanted = Endpoint(id="e", url=f"http://site.test:{port}/x", **endpoint)  # type: ignore[arg-type]
    request = Request(endpoint=wanted, site=parse(wanted.url), method=method)
    tools = world.tools()
    _, stream = await connect("127.0.0.1", port, tools, Mark())
    assert stream
    try:
        return await fetch(stream, "127.0.0.1", request, tools, Mark(1))
    finally:
        stream.close()


async def test_what_is_asked(world: World) -> None:
    asked = bytearray()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    world.set(user_agent="test/1")
    seen, _ = await get(world, note)
    head = asked.decode().split("\r\n")
    port = seen.url.split(":")[2].split("/")[0]
    assert head[:3] == ["GET /x HTTP/1.1", f"Host: site.test:{port}", "User-Agent: test/1"]
    assert {"Accept-Encoding: identity", "Connection: close"} <= set(head)


async def test_what_is_read(world: World) -> None:
    body = "<html><title>Hello</title></html>"
    seen, onward = await get(world, page(body, Server="nginx", Set_Cookie="id=7"))
    assert (seen.failure, seen.status, seen.title, onward) == (None, 200, "Hello", None)
    assert (seen.length, seen.truncated) == (len(body), False)
    assert seen.digest == hashlib.sha256(body.encode()).hexdigest()
    assert Header(name="Server", value="nginx") in seen.headers
    assert Header(name="Set-Cookie", value="") in seen.headers
    assert (seen.expectation, seen.hop) == (Expectation.MET, 1)
    assert seen.first_byte > 0


@pytest.mark.parametrize(
    ("handler", "name", "errno", "status"),
    [
        (reset, "connection_reset", 104, None),
        (finish, "eof_error", None, None),
        (hang, "generic_timeout_error", None, None),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "eof_error", None, 200),
        (answering(b"HTTP/1.1 200 OK\r\nServer: x\r\n"), "eof_error", None, None),
        (answering(b"220 mail.test ESMTP\r\n"), "http_request_failed", None, None),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            *("http_request_failed", None, 200),
        ),
        (
            answering(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
            ),
            *("http_request_failed", None, 101),
        ),
    ],
    ids=["RST", "FIN", "silence", "half a body", "half a head", "not HTTP", "chunks", "upgrade"],
)
async def test_an_answer_that_breaks_off(
    world: World, handler: Handler, name: str, errno: int | None, status: int | None
) -> None:
    world.set(http_timeout=1.0)
    seen, onward = await get(world, handler)
    assert seen.failure
    assert (seen.failure.name, seen.failure.errno, seen.status) == (name, errno, status)
    assert (seen.expectation, onward) == (None, None)


async def test_a_huge_body_is_cut_at_the_cap(world: World) -> None:
    world.set(max_body=1000)
    seen, _ = await get(world, page("x" * 3_000_000))
    assert (seen.failure, seen.length, seen.truncated) == (None, 1000, True)
    assert seen.expectation is Expectation.MET


async def test_a_body_that_ends_with_the_connection(world: World) -> None:
    seen, _ = await get(world, answering(b"HTTP/1.0 200 OK\r\n\r\nhello"), expect="hello")
    assert (seen.failure, seen.expectation) == (None, Expectation.MET)


async def test_a_200_that_betrays_a_failure(world: World) -> None:
    seen, _ = await get(world, page("Something went wrong. Try again"), forbid=("went wrong",))
    assert (seen.status, seen.expectation) == (200, Expectation.FORBIDDEN)
    assert seen.matched == "went wrong"


@pytest.mark.parametrize(
    ("status", "method", "after"),
    [
        *((301, "GET", "GET"), (302, "HEAD", "HEAD"), (303, "POST", "GET"), (303, "HEAD", "HEAD")),
        *((307, "POST", "POST"), (308, "GET", "GET"), (302, "POST", "GET")),
    ],
)
async def test_a_redirect_leads_on(world: World, status: int, method: str, after: str) -> None:
    body = "" if method == "HEAD" else "moved"
    handler = page(body, f"{status} Moved", Location="https://other.test/y?ip=192.0.2.7")
    seen, onward = await get(world, handler, method=method)
    assert onward
    assert (onward.method, onward.site.target) == (after, "/y?ip=192.0.2.7")
    assert (seen.failure, seen.expectation) == (None, None)
    assert seen.location == "https://other.test/y?ip=[address]"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/caf\u00e9?q=\u00fc".encode(), "http://site.test/caf%C3%A9?q=%C3%BC"),
        (b"/caf\xe9", "http://site.test/caf%E9"),
        ("http://b\u00fccher.test/".encode(), "http://xn--bcher-kva.test/"),
    ],
    ids=["UTF-8", "Latin-1", "a name"],
)
async def test_a_location_in_bytes_is_read_as_browsers_read_it(
    world: World, location: bytes, url: str
) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    _, onward = await get(world, answering(head))
    assert onward
    assert (onward.site.host, onward.site.target) == (parse(url).host, parse(url).target)


async def test_a_compressed_page_is_read_as_the_page_it_is(world: World) -> None:
    body = b"<title>Hello</title>" + b"a notice, and why " * 20
    packed = gzip.compress(body)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    seen, _ = await get(world, answering(head + packed))
    assert (seen.title, seen.length, seen.truncated) == ("Hello", len(body), False)
    assert seen.digest == hashlib.sha256(body).hexdigest()
    world.set(max_body=100)
    seen, _ = await get(world, answering(head + packed))
    assert (seen.length, seen.truncated) == (100, True)


@pytest.mark.parametrize("location", ["http://", "mailto:a@b.test", "https://a..b/", "//["])
async def test_a_redirect_to_nowhere(world: World, location: str) -> None:
    seen, onward = await get(world, page("", "302 Found", Location=location))
    assert seen.failure
    assert seen.failure.name == "http_invalid_redirect_location_host"
    assert (seen.status, seen.location, onward) == (302, "", None)


async def test_a_redirect_too_many_is_no_answer(world: World) -> None:
    handler = page("", "302 Found", Location="/again")
    world.set(max_redirects=1)
    seen, onward = await get(world, handler)
    assert (seen.expectation, onward) == (Expectation.STATUS, None)
    assert seen.location.endswith("/again")


async def test_a_listed_redirect_is_the_answer(world: World) -> None:
    handler = page("", "301 Moved", Location="https://long.test/")
    seen, onward = await get(world, handler, status=(301,))
    assert (seen.expectation, onward) == (Expectation.MET, None)


async def test_a_redirect_without_a_location_is_the_answer(world: World) -> None:
    seen, onward = await get(world, page("", "304 Not Modified"))
    assert (seen.expectation, onward) == (Expectation.MET, None)


def test_headers_tell_nothing_of_a_person() -> None:
    given = [("Via", "1.1 proxy (192.0.2.7)"), ("X-Client-IP", "192.0.2.7"), ("Server", "x" * 999)]
    via, client, server = told_headers(given)
    assert via == Header(name="Via", value="1.1 proxy ([address])")
    assert client == Header(name="X-Client-IP", value="")
    assert len(server.value) == 500
    assert len(told_headers(given * 99)) == 100


def test_a_url_keeps_its_host_and_loses_its_reader() -> None:
    site = parse("http://10.10.34.36/?ip=192.0.2.7")
    assert told(site) == "http://10.10.34.36/?ip=[address]"


@pytest.mark.parametrize(("most", "kept"), [(0, ""), (16, "<p>You are [addr"), (99, None)])
async def test_a_page_is_kept_where_that_is_asked_for(
    world: World, most: int, kept: str | None
) -> None:
    body = "<p>You are 192.0.2.77, and blocked: ё</p>"
    world.set(keep_body=most)
    seen, _ = await get(world, page(body, Content_Type="text/html; charset=utf-8"))
    assert seen.body == (body.replace("192.0.2.77", "[address]") if kept is None else kept)


def test_long_urls_that_come_once_are_not_remembered() -> None:
    sites = [parse(f"https://site.test/in?session={number:05000}") for number in range(300)]
    tracemalloc.start()
    try:
        assert all(len(told(site)) > 5000 for site in sites)
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
