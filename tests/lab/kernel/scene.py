"""A small internet to play in: its plan, and servers that really listen in it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing

import dns.message
import dns.rrset
import trustme

from probe.lab.answers import NOTICE_PAGE, PROXY_PORT
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.kernel.sandbox.namespace import inside
from probe.lab.kernel.sandbox.wiring import Wired
from probe.model import NetworkKind, Vantage

BLOCKED, NEUTRAL, HOME = "www.example.com", "neutral.example.net", "home.example.tr"
ORIGIN, ORIGIN_V6 = "45.60.1.1", "2a0e:1::1"
NEUTRAL_ORIGIN, CONTROL, NOTICE = "45.60.1.2", "31.5.0.9", "45.60.9.9"
ISP, PUBLIC, RESOLVER_NAME = "31.5.0.53", "45.60.8.8", "dns.example.org"
PATIENCE = 0.6
"""Seconds: silence is what lasts longer."""
BODY = b"x" * 30_000
PROXIED = "by way of a proxy"


def vantage(name: str, asn: int, kind: NetworkKind, country: str = "TR") -> Vantage:
    return Vantage(id=name, country=country, asn=asn, kind=kind)


def host(name: str, role: Role, v4: str, **more: object) -> Host:
    return Host(name=name, role=role, v4=v4, delay=0.002, **more)  # type: ignore[arg-type]


FIXED = vantage("tr-1", 9121, NetworkKind.RESIDENTIAL)
MOBILE = vantage("tr-2", 16135, NetworkKind.MOBILE)
ABROAD = vantage("de-1", 3320, NetworkKind.RESIDENTIAL, "DE")
PLAN = Plan(
    hosts=(
        host(
            "tr-1", Role.VANTAGE, "31.5.0.1", v6="2a0e:2::1", country="TR", asn=9121, vantage=FIXED
        ),
        host("tr-2", Role.VANTAGE, "31.6.0.1", country="TR", asn=16135, vantage=MOBILE),
        host("de-1", Role.VANTAGE, "31.7.0.1", country="DE", asn=3320, vantage=ABROAD),
        host("resolver-as9121", Role.ISP_RESOLVER, ISP, country="TR", asn=9121),
        host("public", Role.PUBLIC_RESOLVER, PUBLIC),
        host("origin", Role.ORIGIN, ORIGIN, v6=ORIGIN_V6),
        host("neutral", Role.ORIGIN, NEUTRAL_ORIGIN),
        host("control-tr", Role.ORIGIN, CONTROL, country="TR", asn=34984),
        host("notice", Role.NOTICE, NOTICE),
    ),
    zone={
        BLOCKED: (ORIGIN, ORIGIN_V6),
        NEUTRAL: (NEUTRAL_ORIGIN,),
        HOME: (CONTROL,),
        "notice.example.tr": (NOTICE,),
    },
    names={"example": (BLOCKED,), "example/web": (BLOCKED,)},
    resolvers={9121: ISP},
    public_resolver=PUBLIC,
    resolver_name=RESOLVER_NAME,
    notice=NOTICE,
)


# ── servers: threads that live as long as the process ────────────────────────────────────────


def serve(listener: socket.socket, handle: Callable[[socket.socket], None]) -> None:
    def one(connection: socket.socket) -> None:
        with closing(connection):
            connection.settimeout(10 * PATIENCE)
            try:
                handle(connection)
            except OSError:
                return

    def loop() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def listen(wired: Wired, name: str, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(wired.hosts[name]):
        return socket.create_server((address, port), family=family)


def plain(page: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        if connection.recv(65536):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + page)

    return handle


def encrypted(context: ssl.SSLContext, page: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            plain(page)(secured)

    return handle


def answer_questions(wired: Wired, name: str, address: str) -> None:
    with inside(wired.hosts[name]):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def loop() -> None:
        while True:
            data, client = server.recvfrom(4096)
            query = dns.message.from_wire(data)
            entry = query.question[0]
            answer = dns.message.make_response(query)
            true = PLAN.zone.get(entry.name.to_text(omit_final_dot=True), ())
            fitting = [a for a in true if (":" in a) == (entry.rdtype == 28)]
            if fitting:
                answer.answer.append(
                    dns.rrset.from_text_list(entry.name, 300, entry.rdclass, entry.rdtype, fitting)
                )
            server.sendto(answer.to_wire(), client)

    threading.Thread(target=loop, daemon=True).start()


def echo(wired: Wired, name: str, address: str, port: int) -> None:
    with inside(wired.hosts[name]):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))

    def loop() -> None:
        while True:
            server.sendto(*server.recvfrom(4096))

    threading.Thread(target=loop, daemon=True).start()


def start_servers(wired: Wired, authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(BLOCKED, NEUTRAL, HOME).configure_cert(context)
    false = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("filter.example.tr").configure_cert(false)
    true = [
        ("origin", ORIGIN),
        ("origin", ORIGIN_V6),
        ("neutral", NEUTRAL_ORIGIN),
        ("control-tr", CONTROL),
    ]
    for name, address in true:
        serve(listen(wired, name, address, 80), plain(BODY))
        serve(listen(wired, name, address, 443), encrypted(context, BODY))
    serve(listen(wired, "notice", NOTICE, 80), plain(NOTICE_PAGE.encode()))
    serve(listen(wired, "notice", NOTICE, 443), encrypted(false, NOTICE_PAGE.encode()))
    serve(listen(wired, "notice", NOTICE, PROXY_PORT), plain(PROXIED.encode()))
    answer_questions(wired, "resolver-as9121", ISP)
    answer_questions(wired, "public", PUBLIC)
    echo(wired, "origin", ORIGIN, 443)
    echo(wired, "neutral", NEUTRAL_ORIGIN, 443)
