"""Our measurements as OONI's web_connectivity measurements, for its own tools to read.

What leaves names no vantage: no id, no address of it, no resolver of its own network. What OONI's
format has no place for stands in fields whose names begin with `x_`, as its own experiments do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from probe.interop.form import (
    Answer,
    Body,
    Connect,
    Handshake,
    Query,
    Report,
    Request,
    Response,
    Status,
    TestKeys,
    Transaction,
)
from probe.interop.names import ENGINES, TESTED, is_address, port
from probe.interop.outside import control
from probe.interop.own import scrub_url
from probe.interop.record import TEST
from probe.judge.reading import is_bogon
from probe.measure.resolver import PORTS
from probe.measure.scrub import scrub
from probe.model import (
    DnsLookup,
    Failure,
    HttpExchange,
    Measurement,
    Observation,
    Paired,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)

FORMAT = "0.5.0"
"""The version of web_connectivity whose form this has."""
NAME = "worksforwhom"
_TCP_PORT = 80
_UDP = "udp"


class UntoldError(Exception):
    """A measurement of which nobody can tell the URL: nothing was asked, and no catalogue names it."""


def export(held: Paired, urls: Mapping[str, str] | None = None) -> Report:
    """Write a measurement, and its helper's where there is one; raises UntoldError.

    `urls` gives the URL of each endpoint by its id.
    """
    own = held.own
    url = (urls or {}).get(own.target.endpoint) or _url(own.observations)
    if not url:
        raise UntoldError(f"no step of measurement {own.id} tells the URL; name it by --catalogue")
    start = own.at.replace(microsecond=0)
    software, _, version = (own.software or NAME).partition(" ")
    return Report(
        input=url, measurement_start_time=_second(start), test_start_time=_second(start),
        probe_cc=own.vantage.country, probe_asn=f"AS{own.vantage.asn}",
        probe_network_name=own.vantage.network or None,
        resolver_asn=f"AS{own.vantage.resolver_asn}" if own.vantage.resolver_asn else None,
        report_id=_report_id(own), measurement_uid=None,
        software_name=software, software_version=version, test_name=TEST, test_version=FORMAT,
        test_runtime=own.took,
        annotations={
            "measurement": own.id, "service": own.target.service, "feature": own.target.feature,
            "endpoint": own.target.endpoint, "network_type": own.vantage.kind.value,
        },
        test_keys=_keys(held, start),
    )  # fmt: skip


def _keys(held: Paired, start: datetime) -> TestKeys:
    steps = held.own.observations
    return TestKeys(
        queries=[_query(s, start) for s in steps if isinstance(s, DnsLookup)],
        tcp_connect=[
            _connect(s, start, n) for n, s in _numbered(steps) if isinstance(s, TcpConnect)
        ],
        tls_handshakes=[
            _handshake(s, start, n) for n, s in _numbered(steps) if isinstance(s, TlsHandshake)
        ],
        quic_handshakes=[
            _shaken(s, start, n) for n, s in _numbered(steps) if isinstance(s, QuicHandshake)
        ]
        or None,
        requests=[
            _transaction(s, start, n) for n, s in _numbered(steps) if isinstance(s, HttpExchange)
        ][::-1],
        control=control(held.control) if held.control is not None else None,
    )


def _numbered(steps: Iterable[Observation]) -> Iterator[tuple[int, Observation]]:
    """Steps of one connection have one number."""
    known: dict[tuple[object, ...], int] = {}
    for step in steps:
        place: tuple[object, ...] = (step.hop, step.test)
        match step:
            case DnsLookup():
                place += (step.name, step.resolver)
            case QuicHandshake():
                place += (step.address, step.port, step.server_name, _UDP)
            case TcpConnect() | TlsHandshake():
                place += (step.address, step.port)
            case HttpExchange():
                place += (step.address, port(step.url))
        yield known.setdefault(place, len(known) + 1), step


def _query(step: DnsLookup, start: datetime) -> Query:
    system = step.resolver in {"system", ""} and step.test is None
    known = dict(zip(step.answers, step.origins, strict=False))
    return Query(
        hostname=step.name, query_type=step.query,
        engine="getaddrinfo" if system else ENGINES[step.transport],
        failure=_failed(step.failure), rcode=step.rcode,
        answers=[_answer(address, known.get(address) or None) for address in step.answers] or None,
        resolver_address=None if system else _resolver(step),
        x_server_name=step.server_name or None, x_failed_at=step.failed_at,
        x_late=list(step.late) or None, tags=_tags(step), t0=_begun(step, start), t=_begun(step, start) + step.took,
    )  # fmt: skip


def _answer(address: str, asn: int | None) -> Answer:
    if ":" in address:
        return Answer(answer_type="AAAA", ipv6=address, asn=asn)
    return Answer(answer_type="A", ipv4=address, asn=asn)


def _resolver(step: DnsLookup) -> str | None:
    """A public resolver's; one of the vantage's own network leads to it.

    Over HTTPS it is a URL, of the path that all but name their own have.
    """
    name = step.resolver
    if not is_address(name):
        return name or None
    if is_bogon(name):
        return None
    place = f"[{name}]" if ":" in name else name
    if step.transport is Transport.HTTPS:
        return f"https://{step.server_name or place}/dns-query"
    return f"{place}:{PORTS[step.transport]}"


def _connect(step: TcpConnect, start: datetime, number: int) -> Connect:
    return Connect(
        ip=step.address, port=step.port, transaction_id=number, tags=_tags(step),
        status=Status(success=step.failure is None, failure=_failed(step.failure)),
        t0=_begun(step, start), t=_begun(step, start) + step.took,
    )  # fmt: skip


def _handshake(step: TlsHandshake, start: datetime, number: int) -> Handshake:
    return Handshake(
        address=_place(step.address, step.port), server_name=step.server_name,
        failure=_failed(step.failure), tls_version=step.version or None,
        cipher_suite=step.cipher or None, negotiated_protocol=step.alpn or None,
        x_certificates=list(step.chain) or None, transaction_id=number, tags=_tags(step),
        t0=_begun(step, start), t=_begun(step, start) + step.took,
    )  # fmt: skip


def _shaken(step: QuicHandshake, start: datetime, number: int) -> Handshake:
    return Handshake(
        address=_place(step.address, step.port), server_name=step.server_name, network=_UDP,
        failure=_failed(step.failure), negotiated_protocol=step.alpn or None,
        x_version=step.version or None, x_certificates=list(step.chain) or None,
        transaction_id=number, tags=_tags(step),
        t0=_begun(step, start), t=_begun(step, start) + step.took,
    )  # fmt: skip


def _transaction(step: HttpExchange, start: datetime, number: int) -> Transaction:
    headers = [(header.name, scrub(header.value)) for header in step.headers]
    return Transaction(
        request=Request(url=step.url, method=step.method), failure=_failed(step.failure),
        response=Response(
            code=step.status or 0, headers_list=[list(pair) for pair in headers], body="",
            headers=dict(headers), body_is_truncated=step.truncated,
        ),
        address=_place(step.address, port(step.url)), transaction_id=number, tags=_tags(step),
        x_body=Body(
            length=step.length, sha256=step.digest, title=scrub(step.title), matched=step.matched,
            expectation=step.expectation, first_byte=step.first_byte, location=scrub_url(step.location),
            simhash=step.simhash, fingerprint=step.fingerprint,
        ),
        t0=_begun(step, start), t=_begun(step, start) + step.took,
    )  # fmt: skip


def _place(address: str, port: int) -> str | None:
    if not address:
        return None
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _tags(step: Observation) -> list[str]:
    tested = [f"{TESTED}{step.test.value}"] if step.test is not None else []
    return [f"depth={step.hop}", f"fetch_body={'false' if tested else 'true'}", *tested]


def _begun(step: Observation, start: datetime) -> float:
    """Seconds from the whole second in which the measurement began."""
    return max(0.0, (step.at - start).total_seconds())


def _failed(failure: Failure | None) -> str | None:
    if failure is None:
        return None
    words = failure.name.startswith("unknown_failure") and failure.detail
    return f"{failure.name}: {scrub(failure.detail)}" if words else failure.name


def _url(steps: Iterable[Observation]) -> str:
    """The endpoint's URL, by the request itself or else by what led to it."""
    first = [step for step in steps if step.hop == 0 and step.test is None]
    asked = next((s.url for s in first if isinstance(s, HttpExchange)), "")
    if asked:
        return asked
    shaken = next((s.server_name for s in first if isinstance(s, TlsHandshake)), "")
    named = next((s.name for s in first if isinstance(s, DnsLookup)), shaken)
    plain = any(isinstance(s, TcpConnect) and s.port == _TCP_PORT for s in first)
    return f"http{'' if plain else 's'}://{named}/" if named else ""


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _report_id(own: Measurement) -> str:
    """A report of its own for each: reports tie measurements to one probe."""
    drawn = hashlib.sha256(own.id.encode()).hexdigest()[:16]
    place = f"{own.vantage.country}_{own.vantage.asn}"
    return f"{own.at:%Y%m%dT%H%M%SZ}_webconnectivity_{place}_n1_{drawn}"
