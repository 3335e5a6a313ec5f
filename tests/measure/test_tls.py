"""The TLS step: each way a handshake ends, made to happen."""

import asyncio
import contextlib
import socket
import ssl
import struct
from datetime import UTC, datetime

import pytest
import trustme

from probe.measure.failure import ALERTS
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.measure.tls import Peer, handshake
from probe.model import Expectation, HttpExchange, TlsHandshake
from tests.measure.world import Handler, World, answering, finish, hang, reset, sending


async def shake(
    world: World, port: int, name: str = "site.test", *, verify: bool = True
) -> TlsHandshake:
    tools = world.tools()
    _, stream = await connect("127.0.0.1", port, tools, Mark())
    assert stream
    seen, inside = await handshake(
        stream, Peer("127.0.0.1", port, name), tools, Mark(), verify=verify
    )
    assert (inside is None) == (seen.failure is not None)
    stream.close()
    return seen


async def test_a_well_server(world: World) -> None:
    seen = await shake(world, await world.tls(hang))
    assert seen.failure is None
    assert (seen.version, seen.server_name) == ("TLSv1.3", "site.test")
    assert seen.cipher
    assert [leaf.names for leaf in seen.chain] == [("site.test",)]


@pytest.mark.parametrize(
    ("handler", "name", "errno", "alert"),
    [
        (reset, "connection_reset", 104, None),
        (finish, "eof_error", None, None),
        (hang, "generic_timeout_error", None, None),
        (sending(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "ssl_failed_handshake", None, None),
        (sending(bytes.fromhex("15030300020270")), "ssl_invalid_hostname", None, 112),
        (sending(bytes.fromhex("15030300020228")), "ssl_failed_handshake", None, 40),
        (sending(bytes.fromhex("1603030001")), "eof_error", None, None),
    ],
    ids=["RST", "FIN", "silence", "plaintext", "unrecognized_name", "handshake_failure", "cut"],
)
async def test_a_handshake_that_is_cut(
    world: World, handler: Handler, name: str, errno: int | None, alert: int | None
) -> None:
    world.set(tls_timeout=1.0)
    seen = await shake(world, await world.server(handler))
    assert seen.failure
    assert (seen.failure.name, seen.failure.errno, seen.failure.alert) == (name, errno, alert)
    assert (seen.version, seen.cipher, seen.chain) == ("", "", ())


@pytest.mark.parametrize("number", sorted(set(ALERTS.values())))
async def test_every_alert_is_told_by_its_number(world: World, number: int) -> None:
    alert = b"\x15\x03\x03\0\2\2" + bytes([number])
    seen = await shake(world, await world.server(sending(alert)))
    assert seen.failure
    assert seen.failure.alert == number


async def test_a_real_server_that_does_not_know_the_name(world: World) -> None:
    context = world.context("site.test")

    def choose(_socket: object, name: str | None, _context: object) -> int | None:
        return None if name == "site.test" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio's own server drops the alert, so OpenSSL's is written by hand.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await reader.read(65536))
        with contextlib.suppress(ssl.SSLError):
            connection.do_handshake()
        writer.write(outgoing.read())
        await reader.read()

    context.sni_callback = choose
    seen = await shake(world, await world.server(serve), "other.test")
    assert seen.failure
    assert (seen.failure.name, seen.failure.alert) == ("ssl_invalid_hostname", 112)


async def test_a_certificate_of_another_name_is_kept(world: World) -> None:
    seen = await shake(world, await world.tls(hang, "notice.test", "www.notice.test"))
    assert seen.failure
    assert (seen.failure.name, seen.failure.verify) == ("ssl_invalid_hostname", 62)
    assert seen.chain[0].names == ("notice.test", "www.notice.test")
    assert seen.cipher


async def test_the_chain_of_an_unknown_authority_is_kept(world: World) -> None:
    stranger = trustme.CA(organization_name="Interceptor")
    context = world.context("site.test", authority=stranger.create_child_ca())
    seen = await shake(world, await world.tls(hang, context=context))
    assert seen.failure
    assert (seen.failure.name, seen.failure.verify) == ("ssl_unknown_authority", 20)
    assert [one.names for one in seen.chain] == [("site.test",), ()]
    assert "Interceptor" in seen.chain[1].issuer


async def test_an_expired_certificate(world: World) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old = world.authority.issue_cert("site.test", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    old.configure_cert(context)
    seen = await shake(world, await world.tls(hang, context=context))
    assert seen.failure
    assert (seen.failure.name, seen.failure.verify) == ("ssl_invalid_certificate", 10)
    assert seen.chain[0].not_after.year == 2020


async def test_any_certificate_does_where_only_the_answer_counts(world: World) -> None:
    stranger = trustme.CA()
    context = world.context("site.test", authority=stranger)
    seen = await shake(world, await world.tls(hang, context=context), "any.test", verify=False)
    assert seen.failure is None
    assert seen.chain[0].names == ("site.test",)


async def test_bytes_cross_in_both_directions(world: World) -> None:
    body = struct.pack("!I", 7) * 50_000
    port = await world.tls(answering(body))
    tools = world.tools()
    _, stream = await connect("127.0.0.1", port, tools, Mark())
    assert stream
    _, inside = await handshake(stream, Peer("127.0.0.1", port, "site.test"), tools, Mark())
    assert inside
    await inside.write(b"GET\r\n\r\n")
    got = b""
    while len(got) < len(body):
        got += await inside.read(65536)
    assert got == body
    inside.close()


@pytest.mark.parametrize("polite", [True, False])
async def test_a_body_may_end_with_or_without_a_goodbye(world: World, *, polite: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello")
        await writer.drain()
        if polite:
            writer.close()
        else:
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        await reader.read()

    await world.names()
    seen = await world.measure(f"https://site.test:{await world.tls(serve)}/", expect="hello")
    assert isinstance(seen[-1], HttpExchange)
    assert (seen[-1].failure, seen[-1].expectation) == (None, Expectation.MET)
