"""TLS by hand on the serving side: what is sent arrives, and a handshake that fails says so."""

import asyncio
import ssl

import pytest
import trustme

from probe.reference.secured import Plain, Secured


async def exchanged(data: bytes) -> bytes:
    """Send to a server that sends back in upper case."""
    client, authority = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("x.test").configure_cert(context)
    authority.configure_trust(client)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = Secured(Plain(reader, writer), context)
        await stream.begin()
        await stream.write((await stream.read()).upper())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname="x.test"
        )
        writer.write(data)
        answer = await reader.read(len(data))
        writer.transport.abort()
    return answer


async def test_what_is_said_inside_arrives() -> None:
    assert await exchanged(b"hello") == b"HELLO"


class Memory(Plain):
    """Reads what was put there; keeps what is written."""

    def __init__(self, data: bytes) -> None:
        self._reader, self.written = asyncio.StreamReader(), b""
        self._reader.feed_data(data)
        self._reader.feed_eof()

    async def write(self, data: bytes) -> None:
        self.written += data


def secured(wire: Plain) -> Secured:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("x.test").configure_cert(context)
    return Secured(wire, context)


async def test_who_goes_in_the_handshake_is_an_end() -> None:
    with pytest.raises(EOFError):
        await secured(Memory(b"\x16\x03\x01")).begin()


async def test_what_is_no_tls_is_an_error_of_openssl_s_and_its_alert_goes_out() -> None:
    wire = Memory(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff")
    with pytest.raises(ssl.SSLError):
        await secured(wire).begin()
    assert wire.written[:1] == b"\x15", "an alert"
