"""Questions over TCP, TLS and HTTPS: how they are asked, and every way in which they come to nothing."""

import asyncio
import ssl
import struct
import tracemalloc
from collections.abc import Callable, Sequence
from time import monotonic

import dns.message
import pytest
import trustme

from probe.measure.message import Question
from probe.measure.resolver import named
from probe.model import DnsLookup, Layer, Transport
from tests.measure.encrypted import MEDIA_TYPE, NAME, Web, framed, over_https, over_tls, replied
from tests.measure.test_dial import free_port
from tests.measure.test_dns import look_up, names
from tests.measure.test_hostile import endless
from tests.measure.world import Handler, World, finish, hang, records, reset, sending, telling

SECONDS = 10.0
MOST_MEMORY = 24 * 1024 * 1024
BAD, LATE, EOF = "dns_server_misbehaving", "generic_timeout_error", "eof_error"
WEB_BAD = "http_request_failed"


async def asked(world: World, text: str, name: str = "site.test") -> DnsLookup:
    (found,) = await look_up(world, named(text), question=Question(name, "A"))
    return found


async def test_over_tcp(world: World) -> None:
    server = await world.names("1.1.1.1")
    found = await asked(world, f"tcp://127.0.0.1:{server.port}")
    assert (found.answers, found.transport, found.failed_at) == (("1.1.1.1",), Transport.TCP, None)
    assert server.asked == []  # by datagram


async def test_over_tls(world: World) -> None:
    found = await asked(world, await over_tls(world))
    assert (found.failure, found.answers, found.rcode) == (None, ("1.1.1.1",), 0)
    assert (found.transport, found.resolver) == (Transport.TLS, "private")
    assert found.server_name == ""  # as little as the address


async def test_over_tls_no_protocol_is_asked_for(world: World) -> None:
    """A resolver that speaks `dot` alone would refuse a client that wants HTTP."""
    context = world.context(NAME)
    context.set_alpn_protocols(["dot"])
    port = await world.tls(framed(), context=context)
    assert (await asked(world, f"tls://{NAME}@127.0.0.1:{port}")).failure is None


async def test_over_https(world: World) -> None:
    web = Web()
    found = await asked(world, await over_https(world, web))
    assert (found.failure, found.answers, found.transport) == (None, ("1.1.1.1",), Transport.HTTPS)
    (head,), (question,) = web.heads, web.questions
    assert head.startswith("POST /dns-query HTTP/1.1\r\nHost: dns.test:")
    assert f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(question)}\r\n" in head
    assert f"Accept: {MEDIA_TYPE}\r\n" in head
    assert question[:2] == b"\0\0"  # RFC 8484, section 4.1


async def test_a_certificate_for_the_address_needs_no_name(world: World) -> None:
    for scheme, handler in (("tls", framed()), ("https", Web())):
        port = await world.tls(handler, "127.0.0.1")
        assert (await asked(world, f"{scheme}://127.0.0.1:{port}")).failure is None, scheme


async def test_an_rcode_is_an_answer_wherever_it_travelled(world: World) -> None:
    def refuse(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        reply = dns.message.make_response(query)
        reply.set_rcode(5)  # type: ignore[arg-type]
        return [reply.to_wire()]

    found = await asked(world, await over_tls(world, framed(refuse)))
    assert (names([found]), found.rcode, found.failed_at) == (["dns_refused_error"], 5, None)


async def test_nobody_listens(world: World) -> None:
    for scheme in ("tcp", "tls", "https"):
        found = await asked(world, f"{scheme}://127.0.0.1:{free_port()}")
        assert (names([found]), found.failed_at) == (["connection_refused"], Layer.TCP)


async def test_a_certificate_for_another_name_is_no_resolver(world: World) -> None:
    for start in (over_tls, over_https):
        found = await asked(world, await start(world, None, "other.test"))
        assert (names([found]), found.failed_at) == (["ssl_invalid_hostname"], Layer.TLS)


async def test_a_certificate_of_a_stranger_is_no_resolver(world: World) -> None:
    context = world.context(NAME, authority=trustme.CA())
    port = await world.tls(framed(), context=context)
    found = await asked(world, f"tls://{NAME}@127.0.0.1:{port}")
    assert (names([found]), found.failed_at) == (["ssl_unknown_authority"], Layer.TLS)


@pytest.mark.parametrize("scheme", ["tls", "https"])
@pytest.mark.parametrize(
    ("handler", "name"),
    [(reset, "connection_reset"), (finish, EOF), (hang, LATE),
     (sending(b"SSH-2.0-other\r\n"), "ssl_failed_handshake")],
)  # fmt: skip
async def test_a_handshake_that_is_cut(
    world: World, scheme: str, handler: Handler, name: str
) -> None:
    world.set(dns_timeout=1.0)
    port = await world.server(handler)
    found = await asked(world, f"{scheme}://{NAME}@127.0.0.1:{port}")
    assert (names([found]), found.failed_at) == ([name], Layer.TLS)


# ── what is said in it ───────────────────────────────────────────────────────────────────────


def lying(made: Callable[[bytes], bytes]) -> Handler:
    """Answer with what is made of the right message, without a length before it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        query = dns.message.from_wire(await reader.readexactly(length))
        writer.write(made(records(query, "1.1.1.1").to_wire()))
        await writer.drain()
        writer.close()

    return handle


def led(message: bytes, length: int) -> bytes:
    return struct.pack("!H", length) + message


def other(message: bytes) -> bytes:
    return bytes([message[0] ^ 1]) + message[1:]


def asking(message: bytes) -> bytes:
    return message[:2] + bytes([message[2] & 0x7F]) + message[3:]


FRAMES: dict[str, tuple[Handler, str]] = {
    "a length past what comes": (lying(lambda m: led(m, len(m) + 500)), EOF),
    "a length short of what comes": (lying(lambda m: led(m, len(m) - 3)), BAD),
    "a length of nothing": (lying(lambda m: led(m, 0)), BAD),
    "a length of the header alone": (lying(lambda m: led(m, 12)), BAD),
    "half a length": (lying(lambda _: b"\x00"), EOF),
    "nothing": (lying(lambda _: b""), EOF),
    "garbage": (lying(lambda _: led(bytes(range(256)), 256)), BAD),
    "words": (lying(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 900), BAD),
    "a wrong id": (lying(lambda m: led(other(m), len(m))), BAD),
    "the question again": (lying(lambda m: led(asking(m), len(m))), BAD),
    "noise without end": (endless(b"", b"\xff"), BAD),
    "silence": (hang, LATE),
}


@pytest.mark.parametrize("name", FRAMES)
async def test_over_tls_what_is_said_is_bounded_and_named(world: World, name: str) -> None:
    handler, failure = FRAMES[name]
    found = await bounded(world, await over_tls(world, handler))
    assert (names([found]), found.failed_at) == ([failure], Layer.DNS)


def web(made: Callable[[bytes], bytes]) -> Handler:
    return Web(made)


def finishing(made: Callable[[bytes], bytes]) -> Handler:
    """As `web`, and then an end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        query = dns.message.from_wire(await reader.readexactly(length))
        writer.write(made(records(query, "1.1.1.1").to_wire()))
        await writer.drain()
        writer.close()

    return handle


def unended(message: bytes) -> bytes:
    return replied(message, more="X-Left: 1\r\n")[:-4]


OK = b"HTTP/1.1 200 OK\r\n"
TYPED = OK + f"Content-Type: {MEDIA_TYPE}\r\n".encode()
PAGES: dict[str, tuple[Handler, str, Layer]] = {
    "headers without end": (endless(OK, b"X-Again: and again\r\n"), WEB_BAD, Layer.HTTP),
    "one header without end": (endless(OK + b"X: ", b"y"), WEB_BAD, Layer.HTTP),
    "interim answers without end": (
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), WEB_BAD, Layer.HTTP,
    ),
    "a huge body": (endless(TYPED + b"Content-Length: 999999999\r\n\r\n", b"x"), WEB_BAD, Layer.HTTP),
    "a body without end": (
        endless(TYPED + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), WEB_BAD, Layer.HTTP,
    ),
    "another type": (web(lambda m: replied(m, kind="text/html")), WEB_BAD, Layer.HTTP),
    "no type": (web(lambda m: OK + f"Content-Length: {len(m)}\r\n\r\n".encode() + m), WEB_BAD, Layer.HTTP),
    "a redirect": (
        web(lambda m: replied(m, "302 Found", more="Location: https://other.test/dns-query\r\n")),
        WEB_BAD, Layer.HTTP,
    ),
    "a refusal": (web(lambda _: replied(b"", "403 Forbidden")), WEB_BAD, Layer.HTTP),
    "no HTTP": (web(lambda m: m), WEB_BAD, Layer.HTTP),
    "a wrong id": (web(lambda m: replied(other(m))), BAD, Layer.DNS),
    "an empty body": (web(lambda _: replied(b"")), BAD, Layer.DNS),
    "garbage": (web(lambda _: replied(bytes(range(200)))), BAD, Layer.DNS),
    "half a message": (web(lambda m: replied(m[:-5])), BAD, Layer.DNS),
    "an end in the middle": (finishing(lambda m: replied(m)[:-5]), EOF, Layer.HTTP),
    "an end in the head": (finishing(unended), EOF, Layer.HTTP),
    "silence": (hang, LATE, Layer.HTTP),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
async def test_over_https_what_is_said_is_bounded_and_named(world: World, name: str) -> None:
    handler, failure, layer = PAGES[name]
    found = await bounded(world, await over_https(world, handler))
    assert (names([found]), found.failed_at) == ([failure], layer)


async def bounded(world: World, text: str) -> DnsLookup:
    world.set(dns_timeout=2.5)
    tracemalloc.start()
    begun = monotonic()
    try:
        found = await asked(world, text)
        assert monotonic() - begun < SECONDS
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    return found


async def test_a_type_with_parameters_and_in_capitals_is_the_type(world: World) -> None:
    handler = Web(lambda m: replied(m, kind="Application/DNS-Message; charset=x"))
    assert (await asked(world, await over_https(world, handler))).failure is None


async def test_a_name_is_asked_for_over_each_by_its_url(world: World) -> None:
    world.set(ipv6=False)
    tls, https = await over_tls(world), await over_https(world)
    server = await world.names("1.1.1.1")
    for resolver in (tls, https, f"tcp://127.0.0.1:{server.port}"):
        (seen,) = await world.measure(f"dns+{resolver}/site.test")
        assert isinstance(seen, DnsLookup)
        assert (seen.failure, seen.answers) == (None, ("1.1.1.1",)), resolver


async def test_the_chain_asks_an_encrypted_resolver(world: World) -> None:
    port = await world.tls(hang)
    resolver = await over_tls(world, framed(telling("127.0.0.1")))
    world.set(resolver=resolver, ipv6=False, http_timeout=0.2)
    seen = await world.measure(f"https://site.test:{port}/")
    assert [type(one).__name__ for one in seen if one.failure is None] == [
        *("DnsLookup", "TcpConnect", "TlsHandshake")
    ]


def test_the_context_for_dns_over_tls_verifies_names(world: World) -> None:
    tools = world.tools()
    context = tools.sealing()
    assert context is tools.sealing()
    assert context is not tools.verifying
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
