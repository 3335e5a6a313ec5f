"""What the test helper saw, as the measurement of an outside vantage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from probe.interop import names
from probe.interop.form import Control, ControlPage
from probe.interop.story import Story, words
from probe.model import (
    DnsLookup,
    Expectation,
    Header,
    HttpExchange,
    Measurement,
    NetworkKind,
    Observation,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)

HELPER = Vantage(
    id="ooni-helper", country="ZZ", asn=64496, network="OONI test helper",
    kind=NetworkKind.DATACENTRE,
)  # fmt: skip
"""Nobody's country, and an AS number that is nobody's (RFC 5398)."""
MOST_HEADERS = 60
MAX_VALUE = 300
MAX_TITLE = 200
LAST_GOOD_STATUS = 399


def control(told: Story, identity: str, target: Target) -> Measurement | None:
    """Build the helper's measurement; None where it was not reached or has nothing to say."""
    keys = told.report.test_keys
    seen = keys.control
    if keys.control_failure or seen is None or not (seen.dns or seen.http_request):
        return None
    return Measurement(
        id=f"{identity}-helper", at=told.begun, took=0.0, vantage=HELPER, target=target,
        observations=(*_named(told, seen), *_connected(told.begun, seen), *_page(told, seen)),
        software=keys_software(told),
    )  # fmt: skip


def keys_software(told: Story) -> str:
    report = told.report
    return f"{report.software_name} {report.software_version}".strip()[:100]


def _named(told: Story, seen: Control) -> Iterator[DnsLookup]:
    host = told.hosts[0]
    if seen.dns is None or names.is_address(host):
        return
    given = tuple(a for a in seen.dns.addrs or () if names.is_address(a))
    origins = tuple(_origin(seen, address) for address in given)
    yield DnsLookup(
        at=told.begun, took=0.0, failure=names.failure(seen.dns.failure), name=host,
        resolver="OONI test helper", answers=given, origins=origins if any(origins) else (),
    )  # fmt: skip


def _origin(seen: Control, address: str) -> int:
    known = (seen.ip_info or {}).get(address)
    return (known.asn or 0) if known else 0


def _connected(at: datetime, seen: Control) -> Iterator[Observation]:
    for where, came in (seen.tcp_connect or {}).items():
        address, port = names.place(where)
        if address:
            yield TcpConnect(
                at=at, took=0.0, failure=names.failure(came.failure), address=address, port=port
            )
    for where, came in (seen.tls_handshake or {}).items():
        address, port = names.place(where)
        if address:
            yield TlsHandshake(
                at=at, took=0.0, failure=names.failure(came.failure), address=address, port=port,
                server_name=came.server_name.lower(),
            )  # fmt: skip


def _page(told: Story, seen: Control) -> Iterator[HttpExchange]:
    page = seen.http_request
    if page is None:
        return
    status = page.status_code if page.status_code and page.status_code > 0 else None
    failed = names.failure(page.failure)
    if failed is None and status is None:
        return
    good = failed is None and status is not None
    yield HttpExchange(
        at=told.begun, took=0.0, failure=failed, url=told.report.input, address="", status=status,
        headers=_headers(page), title=" ".join((page.title or "").split())[:MAX_TITLE],
        length=max(0, page.body_length or 0),
        expectation=_expectation(status) if good else None,
    )  # fmt: skip


def _expectation(status: int | None) -> Expectation:
    return Expectation.MET if (status or 0) <= LAST_GOOD_STATUS else Expectation.STATUS


def _headers(page: ControlPage) -> tuple[Header, ...]:
    found = [(n, words(v)) for n, v in (page.headers or {}).items() if n.lower() != "set-cookie"]
    return tuple(Header(name[:100], value[:MAX_VALUE]) for name, value in found[:MOST_HEADERS])
