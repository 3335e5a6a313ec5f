"""Servers that do their worst, on loopback: a named failure, in bounded time and memory."""

import asyncio
import gzip
import ssl
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import dns.message
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from probe.measure.certificate import MOST, MOST_NAMES
from probe.measure.dns import LONGEST_RAW
from probe.model import DnsLookup, Expectation, HttpExchange, Observation, TcpConnect, TlsHandshake
from tests.measure.world import Handler, World, hang, page, records, telling

SECONDS = 10.0
"""More than any of them takes on a busy machine; their own deadlines are far shorter."""
MOST_MEMORY = 24 * 1024 * 1024
"""Of the server too, which is in this process."""
BOMB = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def once(answer: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        await reader.read()

    return handle


def endless(begin: bytes, again: bytes) -> Handler:
    """Send a beginning, and then the same again and again as fast as it is taken."""
    block = again * (65536 // len(again) + 1)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(begin)
        while True:
            writer.write(block)
            await writer.drain()

    return handle


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Always one more byte, so that no single read is slow."""
    await reader.read(65536)
    writer.write(OK + b"Content-Length: 9999\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


def leading(location: str) -> Handler:
    return page("", "302 Found", Location=location)


BAD, REDIRECT, LATE = (
    "http_request_failed",
    "http_invalid_redirect_location_host",
    "generic_timeout_error",
)
PAGES: dict[str, tuple[Handler, str]] = {
    "noise": (once(bytes(range(256)) * 400), BAD),
    "noise without end": (endless(b"", bytes(range(255, 0, -1))), BAD),
    "headers without end": (endless(OK, b"X-Again: and again\r\n"), BAD),
    "one header without end": (endless(OK + b"X: ", b"y"), BAD),
    "a status line without end": (endless(b"HTTP/1.1 200 ", b"O"), BAD),
    "interim answers without end": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BAD),
    "trailers without end": (endless(CHUNKED + b"0\r\n", b"X-Again: and again\r\n"), BAD),
    "a chunk's extension without end": (endless(CHUNKED + b"1;", b"x"), BAD),
    "empty lines without end": (endless(b"", b"\r\n"), BAD),
    "two lengths": (once(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), BAD),
    "a negative length": (once(OK + b"Content-Length: -1\r\n\r\n"), BAD),
    "a length past all numbers": (once(OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n"), BAD),
    "a chunk past all numbers": (once(CHUNKED + b"f" * 40 + b"\r\n"), BAD),
    "NUL in a header": (once(OK + b"X\0: y\r\n\r\n"), BAD),
    "one byte at a time": (drip, LATE),
    "silence": (hang, LATE),
    "to a file": (leading("file:///etc/passwd"), REDIRECT),
    "to a script": (leading("javascript:alert(1)"), REDIRECT),
    "to port 0": (leading("http://site.test:0/"), REDIRECT),
    "to a name of 9000 letters": (leading("http://" + "a" * 9000 + "/"), REDIRECT),
    "to a bracket": (leading("http://["), REDIRECT),
    "to a link-local address": (leading("http://169.254.169.254/latest/"), "dns_bogon_error"),
}


async def bounded(measuring: asyncio.Task[tuple[Observation, ...]]) -> tuple[Observation, ...]:
    begun = monotonic()
    seen = await measuring
    assert monotonic() - begun < SECONDS
    return seen


async def measured(world: World, url: str, **endpoint: object) -> tuple[Observation, ...]:
    """Measure in bounded time and memory, with a well endpoint beside it that waits for nothing."""
    well = await world.server(page("well"))
    tracemalloc.start()
    try:
        async with asyncio.TaskGroup() as group:
            hostile = group.create_task(world.measure(url, **endpoint))
            beside = group.create_task(world.measure(f"http://127.0.0.1:{well}/"))
            good = (await bounded(beside))[-1]
            seen = await bounded(hostile)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert isinstance(good, HttpExchange)
    assert good.expectation is Expectation.MET
    return seen


@pytest.fixture(autouse=True)
def patience(world: World) -> None:
    world.set(
        dns_timeout=2.0, connect_timeout=2.0, tls_timeout=2.0, http_timeout=2.0, late_answers=0.05,
        max_redirects=3, second_resolver="", max_body=100_000, allow_private=("127.0.0.0/8",),
    )  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
async def test_a_hostile_page(world: World, name: str) -> None:
    handler, failure = PAGES[name]
    last = (await measured(world, f"http://127.0.0.1:{await world.server(handler)}/"))[-1]
    assert last.failure
    assert last.failure.name == failure


async def test_a_body_without_end_is_cut(world: World) -> None:
    port = await world.server(endless(OK + b"\r\n", b"x"))
    last = (await measured(world, f"http://127.0.0.1:{port}/"))[-1]
    assert isinstance(last, HttpExchange)
    assert (last.failure, last.length, last.truncated) == (None, 100_000, True)


async def test_a_compression_bomb_is_undone_up_to_the_cap(world: World) -> None:
    world.set(max_body=1_000_000)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    port = await world.server(once(head + BOMB))
    last = (await measured(world, f"http://127.0.0.1:{port}/", expect="needle"))[-1]
    assert isinstance(last, HttpExchange)
    assert (last.failure, last.expectation) == (None, Expectation.MISSING)


async def test_redirects_in_a_circle_end(world: World) -> None:
    port = await world.server(leading("/"))
    seen = await measured(world, f"http://127.0.0.1:{port}/")
    answers = [one for one in seen if isinstance(one, HttpExchange)]
    assert [one.expectation for one in answers] == [None, None, None, Expectation.STATUS]


async def test_a_redirect_s_password_is_neither_sent_nor_kept(world: World) -> None:
    port = await world.server(leading("http://joe:secret@127.0.0.1:1/"))
    seen = await measured(world, f"http://127.0.0.1:{port}/")
    assert "secret" not in repr([one for one in seen if not isinstance(one, HttpExchange)])
    first = next(one for one in seen if isinstance(one, HttpExchange))
    assert first.location == "http://127.0.0.1:1/"


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────


def named(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def spelt(hexadecimal: str) -> x509.UnrecognizedExtension:
    """Names in bytes of one's own."""
    oid = x509.SubjectAlternativeName.oid
    return x509.UnrecognizedExtension(oid, bytes.fromhex(hexadecimal))


def signed(world: World, names: x509.ExtensionType) -> tuple[bytes, bytes]:
    """A certificate of the trusted authority for any names, however odd; its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(world.authority.cert_pem.bytes())
    signer = load_pem_private_key(world.authority.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC)  # noqa: TID251 — a certificate is valid by the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=True)
        .sign(signer, hashes.SHA256())
    )
    hidden = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), hidden


def showing(folder: Path, leaf: bytes, key: bytes, *more: bytes) -> ssl.SSLContext:
    (folder / "chain.pem").write_bytes(b"".join((leaf, *more)))
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    return context


async def shaken(world: World, context: ssl.SSLContext) -> TlsHandshake:
    await world.names()
    port = await world.tls(page("well"), context=context)
    seen = await measured(world, f"https://site.test:{port}/")
    return next(one for one in seen if isinstance(one, TlsHandshake))


@pytest.mark.parametrize(("length", "failure"), [(200, None), (2000, "ssl_failed_handshake")])
async def test_a_chain_of_hundreds(
    world: World, tmp_path: Path, length: int, failure: str | None
) -> None:
    leaf, key = signed(world, named("site.test"))
    extra, _ = signed(world, named("other.test"))
    seen = await shaken(world, showing(tmp_path, leaf, key, *[extra] * (length - 1)))
    assert (seen.failure.name if seen.failure else None) == failure
    assert len(seen.chain) <= MOST


async def test_a_long_chain_that_is_refused_is_kept_in_part(world: World, tmp_path: Path) -> None:
    leaf, key = signed(world, named("other.test"))
    seen = await shaken(world, showing(tmp_path, leaf, key, *[leaf] * 199))
    assert seen.failure
    assert (seen.failure.name, len(seen.chain)) == ("ssl_invalid_hostname", MOST)


async def test_a_nul_in_a_name_does_not_end_it(world: World, tmp_path: Path) -> None:
    leaf, key = signed(world, named("site.test\0.evil.test"))
    seen = await shaken(world, showing(tmp_path, leaf, key))
    assert seen.failure
    assert seen.failure.name == "ssl_invalid_hostname"
    assert "site.test" not in seen.chain[0].names


@pytest.mark.parametrize(
    ("names", "failure"),
    [
        ("300d 8204782e7465 a505a1030c0178", "ssl_invalid_hostname"),
        ("3010 8209736974652e74657374 8203ff002e", None),
        ("300b 8209736974652e74657374", None),
        ("3000", "ssl_invalid_hostname"),
    ],
    ids=["a party of EDI", "bytes that are no text", "as it should be", "none"],
)
async def test_names_of_a_kind_that_nobody_reads(
    world: World, tmp_path: Path, names: str, failure: str | None
) -> None:
    leaf, key = signed(world, spelt(names))
    seen = await shaken(world, showing(tmp_path, leaf, key))
    assert (seen.failure.name if seen.failure else None) == failure
    assert len(seen.chain) == 1


@pytest.mark.parametrize("own", ["site.test", "other.test"])
async def test_thousands_of_names_are_kept_in_part(world: World, tmp_path: Path, own: str) -> None:
    leaf, key = signed(world, named(own, *(f"a{n}.test" for n in range(3000))))
    seen = await shaken(world, showing(tmp_path, leaf, key))
    assert (seen.failure is None) == (own == "site.test")
    assert seen.chain[0].names[:2] == (own, "a0.test")
    assert len(seen.chain[0].names) == MOST_NAMES


HANDSHAKES: dict[str, tuple[Handler, str]] = {
    "noise": (once(bytes(range(256)) * 40), "ssl_failed_handshake"),
    "empty messages without end": (endless(b"", b"\x16\x03\x03\x40\x00" + bytes(16384)), LATE),
    "warnings without end": (endless(b"", b"\x15\x03\x03\x00\x02\x01\x5a"), "ssl_failed_handshake"),
    "a record that never fills": (endless(b"\x16\x03\x03\x3f\xff\x02\xff\xff\xff", b"\0"), "ssl_failed_handshake"),
    "silence": (hang, LATE),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_a_hostile_handshake(world: World, name: str) -> None:
    handler, failure = HANDSHAKES[name]
    seen = await measured(world, f"https://127.0.0.1:{await world.server(handler)}/")
    last = next(one for one in seen if isinstance(one, TlsHandshake))
    assert last.failure
    assert last.failure.name == failure


# ── DNS ──────────────────────────────────────────────────────────────────────────────────────


def true(query: dns.message.Message) -> bytes:
    return records(query, "127.0.0.1").to_wire()


def head(query: dns.message.Message, answers: int) -> bytes:
    wire = dns.message.make_response(query).to_wire()
    return wire[:6] + answers.to_bytes(2) + wire[8:]


RECORD = bytes.fromhex("0001 0001 0000003c 0004 7f000001")
TEXT = b"\xc0\x0c" + bytes.fromhex("0010 0001 0000003c ea60") + bytes(60_000)
NAMES: dict[str, tuple[Callable[[dns.message.Message, bytes], Sequence[bytes]], str]] = {
    "noise": (lambda _, q: [q[:2] + b"\x81\x80" + bytes(range(200))], "dns_server_misbehaving"),
    "a name in a circle": (lambda q, _: [head(q, 1) + b"\xc0\x1b" + RECORD], "dns_server_misbehaving"),
    "cut short": (lambda q, _: [true(q)[:-2]], "dns_server_misbehaving"),
    "records that are not there": (lambda q, _: [head(q, 900)], "dns_server_misbehaving"),
    "another's id, again and again": (
        lambda q, _: [bytes([true(q)[0] ^ 1]) + true(q)[1:]] * 300, LATE,
    ),
    "another's question, again and again": (
        lambda q, _: [q.to_wire()[:2] + records(dns.message.make_query("x.test", "A"), "1.1.1.1").to_wire()[2:]] * 300,
        LATE,
    ),
    "a text of the greatest length, and no address": (lambda q, _: [head(q, 1) + TEXT], "dns_no_answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_resolver(world: World, name: str) -> None:
    answer, failure = NAMES[name]
    await world.resolver(answer)
    (seen,) = await measured(world, "dns:site.test")
    assert isinstance(seen, DnsLookup)
    assert seen.failure
    assert seen.failure.name == failure
    assert bool(seen.raw) == (failure != LATE)
    assert len(seen.raw) <= LONGEST_RAW


async def test_an_answer_of_10_mb_over_tcp_is_read_as_long_as_it_says(world: World) -> None:
    def cut(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        wire = dns.message.make_response(query).to_wire()
        return [wire[:2] + bytes([wire[2] | 2]) + wire[3:]]

    server = await world.resolver(cut)
    server.by_stream = lambda query, _: [head(query, 1) + TEXT, *[TEXT] * 170]
    (seen,) = await measured(world, "dns:site.test")
    assert isinstance(seen, DnsLookup)
    assert seen.failure
    assert seen.failure.name == "dns_no_answer"
    assert len(seen.raw) == LONGEST_RAW


async def test_very_many_addresses_are_tried_up_to_the_cap(world: World) -> None:
    world.set(max_addresses=2, ipv6=False)
    await world.resolver(telling(*(f"127.0.1.{n}" for n in range(200))))
    port = await world.server(hang)
    seen = await measured(world, f"http://site.test:{port}/")
    assert len([one for one in seen if isinstance(one, DnsLookup)]) == 1
    assert len([one for one in seen if isinstance(one, TcpConnect) and not one.test]) == 2
