"""What a client sees of every mechanism, played with real sockets; run as a module.

It prints one JSON object: case → what was seen. It is a process of its own, because entering a
sandbox is for life, and it is started by the fixture `sights`.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from pathlib import Path

import dns.message
import dns.rcode
import trustme

from probe.config.shape import Seconds
from probe.lab.kernel.internet.process import Internet, start
from probe.lab.kernel.sandbox.namespace import enter_sandbox, inside
from probe.lab.kernel.sandbox.wiring import Wired, wire
from probe.lab.scenario import Event
from tests.lab.kernel.internet.test_initial import first
from tests.lab.kernel.scene import (
    BLOCKED,
    CONTROL,
    HOME,
    ISP,
    NEUTRAL,
    NEUTRAL_ORIGIN,
    ORIGIN,
    ORIGIN_V6,
    PATIENCE,
    PLAN,
    PUBLIC,
    RESOLVER_NAME,
    start_servers,
)


def words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate {error.verify_code}"
    return f"{type(error).__name__} {error.errno}"


def request(name: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()


class Tls:
    """TLS over memory, so that the ClientHello can go out in pieces, a segment each."""

    def __init__(self, wire: socket.socket, trust: ssl.SSLContext, name: str, piece: int) -> None:
        self._wire, self._piece = wire, piece
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust.wrap_bio(self._in, self._out, server_hostname=name)
        self._until_done(self._tls.do_handshake)

    def _flush(self) -> None:
        data = self._out.read()
        piece = self._piece or len(data)
        for start_of in range(0, len(data), piece or 1):
            self._wire.sendall(data[start_of : start_of + piece])

    def _until_done(self, step: Callable[[], object]) -> object:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()
            else:
                self._flush()
                return done

    def _feed(self) -> None:
        if data := self._wire.recv(65536):
            self._in.write(data)
        else:
            self._in.write_eof()

    def send(self, data: bytes) -> None:
        self._until_done(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        try:
            got = self._until_done(lambda: self._tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""
        return got if isinstance(got, bytes) else b""


def read_answer(receive: Callable[[], bytes]) -> str:
    """Status line, headers that matter, and body; what came before an end, in words."""
    answer = b""
    try:
        while data := receive():
            answer += data
        ending = ""
    except OSError as error:
        ending = f", then {words(error)}"
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    location = "".join(f" {line}" for line in lines if line.startswith("Location"))
    text = f"{len(body)} bytes" if body.startswith(b"x") else body.decode()
    return f"{lines[0]}{location}: {text}{ending}"


class Client:
    def __init__(self, wired: Wired, trust: ssl.SSLContext, name: str) -> None:
        self._namespace = wired.hosts[name]
        self._trust = trust

    def _connect(self, address: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(self._namespace):
            client = socket.socket(family, socket.SOCK_STREAM)
        client.settimeout(PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client.connect((address, port))
        except OSError:
            client.close()
            raise
        return client

    def tcp(self, address: str = ORIGIN, port: int = 443) -> str:
        try:
            with self._connect(address, port):
                return "connected"
        except OSError as error:
            return words(error)

    def https(self, name: str = BLOCKED, address: str = ORIGIN, piece: int = 0) -> str:
        try:
            client = self._connect(address, 443)
        except OSError as error:
            return f"tcp: {words(error)}"
        with client:
            try:
                tls = Tls(client, self._trust, name, piece)
            except OSError as error:
                return f"tls: {words(error)}"
            tls.send(request(name))
            return read_answer(tls.receive)

    def http(self, name: str = BLOCKED, address: str = ORIGIN) -> str:
        try:
            with self._connect(address, 80) as client:
                client.sendall(request(name))
                return read_answer(lambda: client.recv(65536))
        except OSError as error:
            return words(error)

    def quic(self, name: str = BLOCKED, address: str = ORIGIN) -> str:
        """Say the name in a first packet of QUIC, to who sends back what it hears."""
        (packet,) = first(name)
        with inside(self._namespace):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with client:
            client.settimeout(PATIENCE)
            client.sendto(packet, (address, 443))
            try:
                return "heard" if client.recv(4096) == packet else "something else"
            except OSError as error:
                return words(error)

    def dns(self, name: str = BLOCKED, resolver: str = ISP, kind: str = "A") -> list[str]:
        """Every answer that comes in time, in order."""
        query = dns.message.make_query(name, kind)
        answers: list[str] = []
        with inside(self._namespace):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with client:
            client.settimeout(PATIENCE)
            client.sendto(query.to_wire(), (resolver, 53))
            while True:
                try:
                    answers.append(in_words(client.recv(4096), query))
                except TimeoutError:
                    return answers


def in_words(data: bytes, query: dns.message.Message) -> str:
    message = dns.message.from_wire(data)
    if not query.is_response(message):
        return "not an answer"
    found = [record.to_text() for entry in message.answer for record in entry]
    return f"{dns.rcode.to_text(message.rcode())} {' '.join(found)}".strip()


# ── the cases ────────────────────────────────────────────────────────────────────────────────

Clients = dict[str, Client]
Sight = Callable[[], object]


def see_dns(clients: Clients) -> dict[str, Sight]:
    home, abroad = clients["tr-1"], clients["de-1"]
    return {
        "isp": home.dns,
        "public": lambda: home.dns(resolver=PUBLIC),
        "subdomain": lambda: home.dns(f"m.{BLOCKED}"),
        "aaaa": lambda: home.dns(kind="AAAA"),
        "neutral": lambda: home.dns(NEUTRAL),
        "abroad": lambda: abroad.dns(resolver=PUBLIC),
    }


def see_tcp(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {
        "v4": home.tcp,
        "v6": lambda: home.tcp(ORIGIN_V6),
        "port80": lambda: home.tcp(port=80),
        "neutral": lambda: home.tcp(NEUTRAL_ORIGIN),
        "abroad": clients["de-1"].tcp,
    }


def see_tls(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {
        "v4": home.https,
        "v6": lambda: home.https(address=ORIGIN_V6),
        "pieces": lambda: home.https(piece=200),
        "swapped": lambda: home.https(NEUTRAL, ORIGIN),
        "elsewhere": lambda: home.https(BLOCKED, NEUTRAL_ORIGIN),
        "abroad": clients["de-1"].https,
    }


def see_http(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {
        "plain": home.http,
        "v6": lambda: home.http(address=ORIGIN_V6),
        "neutral": lambda: home.http(NEUTRAL),
        "tls": home.https,
        "abroad": clients["de-1"].http,
    }


def see_encrypted(clients: Clients) -> dict[str, Sight]:
    """At a port for DNS over TLS, and under a resolver's name wherever that is said."""
    home, abroad = clients["tr-1"], clients["de-1"]
    return {
        "port": lambda: home.tcp(PUBLIC, 853),
        "name": lambda: home.https(RESOLVER_NAME),
        "another": lambda: home.https(NEUTRAL),
        "plain": lambda: home.dns(resolver=PUBLIC),
        "abroad": lambda: abroad.tcp(PUBLIC, 853),
    }


def see_quic(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {
        "named": home.quic,
        "named elsewhere": lambda: home.quic(BLOCKED, NEUTRAL_ORIGIN),
        "swapped": lambda: home.quic(NEUTRAL, ORIGIN),
        "over tcp": home.https,
        "abroad": clients["de-1"].quic,
    }


def see_reach(clients: Clients) -> dict[str, Sight]:
    home, abroad = clients["tr-1"], clients["de-1"]
    return {
        "foreign": home.tcp,
        "domestic": lambda: home.tcp(CONTROL),
        "resolver": lambda: home.dns(HOME),
        "public": lambda: home.dns(HOME, PUBLIC),
        "mobile": clients["tr-2"].tcp,
        "abroad": abroad.tcp,
        "into": lambda: abroad.tcp(CONTROL),
    }


def see_pace(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {
        "hit": lambda: timed(home.https),
        "neutral": lambda: quickest(lambda: home.https(NEUTRAL, NEUTRAL_ORIGIN)),
    }


def see_aftermath(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    steps: tuple[Sight, ...] = (
        home.https,
        lambda: home.https(NEUTRAL, ORIGIN),
        lambda: home.tcp(NEUTRAL_ORIGIN),
    )
    return {"in turn": lambda: [step() for step in steps]}


def see_often(clients: Clients) -> dict[str, Sight]:
    home = clients["tr-1"]
    return {"tries": lambda: [home.https() for _ in range(TRIES)]}


def timed(sight: Sight) -> tuple[object, float]:
    before = time.perf_counter()
    return sight(), time.perf_counter() - before


def quickest(sight: Sight) -> tuple[object, float]:
    """Of a few tries: what a busy machine adds is seldom added to all of them."""
    return min([timed(sight) for _ in range(FEW)], key=itemgetter(1))


TRIES, FEW = 14, 5
SIGHTS: dict[str, Callable[[Clients], dict[str, Sight]]] = {
    "residual.3tuple": see_aftermath,
    "residual.": see_tls,
    "flaky.": see_often,
    "scope.ipv4": see_tcp,
    "scope.transit": see_dns,
    "scope.": see_tls,
    "server.": see_tcp,
    "tcp.port": see_tls,
    "local.clock": see_tls,
    "local.ipv6": see_tcp,
    "dns.encrypted": see_encrypted,
    "dns.": see_dns,
    "ip.shutdown": see_reach,
    "ip.curfew": see_reach,
    "ip.allowlist": see_reach,
    "ip.": see_tcp,
    "tcp.": see_tcp,
    "tls.": see_tls,
    "http.": see_http,
    "throttle.": see_pace,
    "quic.": see_quic,
    "local.resolver": see_dns,
    "local.captive": see_http,
}
HERE = {"services": ("example",), "countries": ("TR",)}
EVENTS: dict[str, dict[str, object]] = {
    "ip.shutdown_bgp": {"countries": ("TR",)},
    "ip.curfew_schedule": {"networks": (9121,)},
    "ip.shutdown_stealth": {"countries": ("TR",)},
    "ip.shutdown_mobile_only": {"countries": ("TR",)},
    "throttle.handshake_delay": {**HERE, "delay": Seconds(0.05)},
    "throttle.ip_association": {**HERE, "delay": Seconds(0.05)},
    "local.clock_skew": {"vantages": ("tr-1",)},
    "local.ipv6_broken": {"vantages": ("tr-1",)},
    "local.resolver_broken": {"vantages": ("tr-1",)},
    "local.captive_portal": {"vantages": ("tr-1",)},
}
"""Where the event is another than `HERE`."""


def event(mechanism: str) -> Event:
    return Event(at=0, mechanism=mechanism, **EVENTS.get(mechanism, HERE))  # type: ignore[arg-type]


def see(mechanism: str, clients: Clients) -> dict[str, object]:
    """Look at everything at once: most of the time goes into waiting for silence."""
    prefix = next(prefix for prefix in SIGHTS if mechanism.startswith(prefix))
    sights = SIGHTS[prefix](clients)
    with ThreadPoolExecutor(len(sights)) as pool:
        return dict(zip(sights, pool.map(lambda sight: sight(), sights.values()), strict=True))


def play(mechanisms: list[str], clients: Clients, internet: Internet) -> dict[str, object]:
    quiet = ("quic.", "dns.", "dns.encrypted", "tcp.", "tls.", "http.", "ip.shutdown")
    seen: dict[str, object] = {kind: see(kind, clients) for kind in quiet}
    for mechanism in mechanisms:
        internet.apply(mechanism, event(mechanism))
        seen[mechanism] = see(mechanism, clients)
        internet.lift(mechanism)
    return seen | {"lifted": see("tls.", clients)}


def main(out: Path, mechanisms: list[str]) -> None:
    enter_sandbox()
    wired = wire(PLAN)
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    start_servers(wired, authority)
    internet = start(PLAN, wired, log=out / "internet.log")
    clients = {name: Client(wired, trust, name) for name in ("tr-1", "tr-2", "de-1")}
    seen = play(mechanisms, clients, internet)
    counters = internet.counters()
    internet.stop()
    seen["end"] = {
        "fault": counters.fault,
        "unhit": [k for k, n in counters.hits.items() if not n],
    }
    (out / "sights.json").write_text(json.dumps(seen, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
