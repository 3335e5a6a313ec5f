"""An internet in this process, for a day of an agent: names, pages, TLS and all that goes wrong.

It is a Dialer: what is measured is real but for the kernel's sockets. Addresses rotate with every
answer, certificates change every few minutes, and every hour other endpoints fail.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Protocol

import trustme

from probe.clock import Clock
from probe.measure.dial import Datagrams, Stream
from probe.measure.stamp import UNSTAMPED

DOMAIN = "day.example"
FAULTS = (
    *("nxdomain", "bogon", "unanswered", "refused", "unreachable", "reset", "stranger"),
    *("forbidden", "truncated", "silent"),
)
"""Each at one of a hundred endpoints, for an hour."""
HOUR = 3600.0
NEW_CERTIFICATE_SECONDS = 600.0
NEW_STRANGER_SECONDS = 120.0
LATENCY_SECONDS = 0.02
REDIRECTED = 5
"""Every so manieth endpoint sends elsewhere, to a URL that was never seen before."""
SEVERAL = 4
"""Every so manieth name has two addresses."""
INJECTED = 41
"""Every so manieth name has a second answer."""
_A, _IN, _ANSWERS = 1, 1, 0x8180
_NXDOMAIN = 3
_PORTS = range(32768, 61000)


def fault(number: int, now: float) -> str:
    """Say what is wrong with an endpoint in this hour; nothing with most."""
    place = (number * 13 + int(now // HOUR) * 17) % (10 * len(FAULTS))
    return FAULTS[place] if place < len(FAULTS) else ""


class Certificates:
    """One that is trusted and one that is not, each for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self._made: dict[str, tuple[int, ssl.SSLContext]] = {}

    def trusted(self) -> ssl.SSLContext:
        return self._current("trusted", NEW_CERTIFICATE_SECONDS, lambda: self.authority)

    def stranger(self) -> ssl.SSLContext:
        return self._current(
            "stranger",
            NEW_STRANGER_SECONDS,
            lambda: trustme.CA(key_type=trustme.KeyType.ECDSA),
        )

    def _current(
        self, name: str, seconds: float, authority: Callable[[], trustme.CA]
    ) -> ssl.SSLContext:
        turn = int(self._clock.monotonic() // seconds)
        held = self._made.get(name)
        if held is None or held[0] != turn:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf = authority().issue_cert(f"*.{DOMAIN}", key_type=trustme.KeyType.ECDSA)
            leaf.configure_cert(context)
            self._made[name] = held = (turn, context)
        return held[1]


PORT_OF_NAMES = 53


class Elsewhere:
    """The Dialer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.certificates = Certificates(clock)
        self.random = Random(7)  # noqa: S311 — a day that can be told again
        self.serial = count()

    async def connect(self, address: str, port: int) -> Stream:
        await asyncio.sleep(LATENCY_SECONDS)
        number = endpoint(address)
        wrong = fault(number, self.clock.monotonic()) if number >= 0 else ""
        if wrong == "refused":
            raise ConnectionRefusedError(111, "Connection refused")
        if wrong == "unreachable":
            await asyncio.Event().wait()
        return Conversation(self._spoken(port, number, wrong), self.random.choice(_PORTS))

    async def expire(self, address: str, port: int, hops: int) -> str:
        """One router stands before everything."""
        if hops == 1:
            await asyncio.sleep(LATENCY_SECONDS)
            return "31.0.0.1"
        (await self.connect(address, port)).close()
        return ""

    def datagrams(self, address: str, port: int) -> Datagrams:
        del address
        return Asking(self) if port == PORT_OF_NAMES else Silent()

    def _spoken(self, port: int, number: int, wrong: str) -> Server:
        plain = Named(self) if port == 853 else Page(self, number, wrong)
        if port not in {443, 853}:
            return plain
        chosen = self.certificates
        context = chosen.stranger() if wrong == "stranger" else chosen.trusted()
        return Secured(plain, context, broken=wrong == "reset")

    def addresses(self, number: int) -> list[bytes]:
        """One of an endpoint's thousands, or two."""
        draw = self.random.getrandbits
        return [
            bytes((40 + draw(5), number >> 8, number & 255, draw(8)))
            for _ in range(1 if number % SEVERAL else 2)
        ]

    def resolved(self, asked: bytes) -> bytes:
        """Answer a question, with its id."""
        end = asked.index(0, 12) + 5
        (kind,) = struct.unpack_from("!H", asked, end - 4)
        label = asked[13 : 13 + asked[12]].decode()
        number = int(label[1:]) if label[1:].isdigit() else 0
        wrong = fault(number, self.clock.monotonic())
        found = self.addresses(number) if kind == _A and wrong != "nxdomain" else []
        if found and wrong == "bogon":
            found = [bytes((10, 0, 0, 1))]
        code = _NXDOMAIN if wrong == "nxdomain" else 0
        head = asked[:2] + struct.pack("!HHHHH", _ANSWERS | code, 1, len(found), 0, 0)
        records = (struct.pack("!HHHIH", 0xC00C, _A, _IN, 30, 4) + one for one in found)
        return head + asked[12:end] + b"".join(records)


def endpoint(address: str) -> int:
    """Read the number of an endpoint from its address; -1 for a server of ours."""
    first, high, low, _ = map(int, address.split("."))
    return high << 8 | low if 40 <= first < 72 else -1


class Asking:
    """Datagrams to a resolver."""

    stamps = UNSTAMPED

    def __init__(self, net: Elsewhere) -> None:
        self._net = net
        self._waiting: list[bytes] = []

    async def send(self, data: bytes) -> None:
        label = data[13 : 13 + data[12]].decode()
        number = int(label[1:]) if label[1:].isdigit() else 0
        if fault(number, self._net.clock.monotonic()) == "unanswered":
            return
        for _ in range(2 if number % INJECTED == 1 else 1):
            self._waiting.append(self._net.resolved(data))

    async def receive(self) -> bytes:
        if not self._waiting:
            await asyncio.Event().wait()
        return self._waiting.pop(0)

    def close(self) -> None:
        self._waiting.clear()


class Silent:
    """Datagrams to where nobody listens: none of these servers speaks QUIC."""

    stamps = UNSTAMPED

    async def send(self, data: bytes) -> None:
        pass

    async def receive(self) -> bytes:
        await asyncio.Event().wait()
        return b""

    def close(self) -> None:
        pass


class Server(Protocol):
    @property
    def ended(self) -> bool:
        """Whether nothing comes any more."""
        ...

    def fed(self, data: bytes) -> bytes:
        """Take what the client wrote; give what is answered."""
        ...


class Conversation:
    """A Stream to a server."""

    stamps = UNSTAMPED

    def __init__(self, server: Server, source_port: int) -> None:
        self._server, self._waiting = server, b""
        self.source_port, self.received = source_port, 0

    async def write(self, data: bytes) -> None:
        self._waiting += self._server.fed(data)

    async def read(self, most: int) -> bytes:
        if not self._waiting and not self._server.ended:
            await asyncio.Event().wait()
        data, self._waiting = self._waiting[:most], self._waiting[most:]
        self.received += len(data)
        return data

    def close(self) -> None:
        self._waiting = b""


class Named:
    """A resolver over a stream: a message after its length."""

    ended = False

    def __init__(self, net: Elsewhere) -> None:
        self._net, self._came = net, b""

    def fed(self, data: bytes) -> bytes:
        self._came += data
        if len(self._came) < 2 or len(self._came) < 2 + struct.unpack("!H", self._came[:2])[0]:
            return b""
        answer = self._net.resolved(self._came[2:])
        return struct.pack("!H", len(answer)) + answer


class Page:
    """One answer, with the headers that differ each time."""

    def __init__(self, net: Elsewhere, number: int, wrong: str) -> None:
        self._net, self._number, self._wrong = net, number, wrong
        self._came = b""
        self.ended = False

    def fed(self, data: bytes) -> bytes:
        self._came += data
        if b"\r\n\r\n" not in self._came or self._wrong == "silent":
            return b""
        self.ended = True
        serial = next(self._net.serial)
        redirects = self._number % REDIRECTED == 0 and b"?session=" not in self._came
        status = "403 Forbidden" if self._wrong == "forbidden" else "200 OK"
        where = ""
        if redirects and not self._wrong:
            status, where = "302 Found", f"Location: /in?session={serial:0400x}\r\n"
        body = f"<title>{self._number}, {serial % 10_000}</title>".encode() + b"x" * 2000
        head = (
            f"HTTP/1.1 {status}\r\nDate: {self._net.clock.now():%a, %d %b %Y %H:%M:%S GMT}\r\n"
            f'ETag: "{serial:x}"\r\nSet-Cookie: id={serial:0400x}\r\nX-Request-Id: {serial:x}\r\n'
            f"Content-Type: text/html; charset=utf-8\r\n{where}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + (body[:500] if self._wrong == "truncated" else body)


class Secured:
    """The same in TLS; a broken one ends in the handshake."""

    def __init__(self, inner: Server, context: ssl.SSLContext, *, broken: bool) -> None:
        self._inner, self._broken = inner, broken
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._shaken = False

    @property
    def ended(self) -> bool:
        return self._broken or self._inner.ended

    def fed(self, data: bytes) -> bytes:
        if self._broken:
            return b""
        self._in.write(data)
        try:
            self._went_on()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # the client wants none of it
            self._broken = True
        return self._out.read()

    def _went_on(self) -> None:
        if not self._shaken:
            self._tls.do_handshake()
            self._shaken = True
        while asked := self._tls.read(65536):
            answer = self._inner.fed(asked)
            if answer:
                self._tls.write(answer)
