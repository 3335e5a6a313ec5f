"""What the probe itself saw, as our observations.

Steps at addresses that another resolver gave are tests of ours: what a user would have met is
only what the system's resolver led to. So are handshakes made only for the certificate, where
they failed; one that passed proves its address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from probe.interop import names
from probe.interop.form import Body, Connect, Handshake, Query, Transaction
from probe.interop.story import (
    SYSTEM,
    Story,
    Turn,
    content,
    header,
    headers,
    hop_of,
    others,
    target,
    took,
)
from probe.judge.notices import known_notice
from probe.judge.reading import is_bogon
from probe.measure import page
from probe.measure.certificate import MOST, from_der
from probe.measure.scrub import scrub
from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Header,
    HttpExchange,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)

MOST_STEPS = 400
MOST_HEADERS = 60
MAX_VALUE = 300
NOTICE_WITHIN = 64 * 1024
"""Notices are small; a long page that speaks of one is an article."""
LAST_GOOD_STATUS = 399
_OTHER = DifferentialTest.SECOND_RESOLVER


def observations(told: Story) -> tuple[Observation, ...]:
    """Every step, in the order of layers within each hop."""
    steps = [
        *_lookups(told),
        *_connects(told),
        *_handshakes(told),
        *_exchanges(told),
        *_quic(told),
    ]
    return tuple(sorted(steps[:MOST_STEPS], key=lambda step: step.hop))


def _lookups(told: Story) -> Iterator[DnsLookup]:
    for query in told.report.test_keys.queries or ():
        if query.query_type in {"A", "AAAA", "ANY"} and not names.is_address(query.hostname):
            yield _lookup(told, query)


def _lookup(told: Story, query: Query) -> DnsLookup:
    found = [(a.ipv4 or a.ipv6 or "", a.asn or 0) for a in query.answers or ()]
    given = [(address, asn) for address, asn in found if names.is_address(address)]
    system = _system(query)
    host = query.hostname.lower()
    first = min((hop for hop, name in told.hosts.items() if name == host), default=0)
    said = names.hop(query.tags)
    return DnsLookup(
        at=told.at(query.t0, query.t), took=took(query.t0, query.t),
        failure=names.failure(query.failure), hop=first if said is None else said,
        test=names.test(query.tags) or (None if system else _OTHER), late=tuple(query.x_late or ()),
        name=query.hostname, query="AAAA" if query.query_type == "AAAA" else "A",
        resolver="system" if system else _resolver(query), rcode=query.rcode,
        transport=names.TRANSPORTS.get(query.engine or "", Transport.UDP),
        server_name=query.x_server_name or "", failed_at=query.x_failed_at,
        answers=tuple(address for address, _ in given),
        origins=tuple(asn for _, asn in given) if any(asn for _, asn in given) else (),
    )  # fmt: skip


def _resolver(query: Query) -> str:
    """A public resolver by its address or URL; a private one only as such."""
    said = query.resolver_address or query.engine or ""
    address, _ = names.place(said)
    if not address and not names.is_address(said):
        return said[:100]
    return "private" if is_bogon(address or said) else address or said


def _connects(told: Story) -> Iterator[TcpConnect]:
    for step in told.report.test_keys.tcp_connect or ():
        hop = names.hop(step.tags) or 0
        failed = _connect_failure(step)
        yield TcpConnect(
            at=told.at(step.t0, step.t), took=took(step.t0, step.t), failure=failed, hop=hop,
            test=_test(told, (hop, step.ip), step.tags, failed),
            address=step.ip, port=step.port,
        )  # fmt: skip


def _connect_failure(step: Connect) -> Failure | None:
    named = names.failure(step.status.failure)
    if named is None and step.status.success is False:
        return Failure(name="unknown_failure")
    return named


def _test(
    told: Story, at: tuple[int, str], tags: list[str] | None, failed: Failure | None
) -> DifferentialTest | None:
    if names.test(tags) or others(told, *at):
        return names.test(tags) or _OTHER
    return DifferentialTest.CERTIFICATE if failed and names.certificate_only(tags) else None


def _handshakes(told: Story) -> Iterator[TlsHandshake]:
    for step in told.report.test_keys.tls_handshakes or ():
        name = (step.server_name or "").lower()
        hop = hop_of(told, step.tags, name)
        address, port = names.place(step.address)
        failed = names.failure(step.failure)
        yield TlsHandshake(
            at=told.at(step.t0, step.t), took=took(step.t0, step.t), failure=failed, hop=hop,
            test=_test(told, (hop, address), step.tags, failed),
            address=address, port=port or 443, server_name=name,
            version=step.tls_version or "", cipher=step.cipher_suite or "",
            alpn=step.negotiated_protocol or "", chain=_chain(step),
        )  # fmt: skip


def _quic(told: Story) -> Iterator[QuicHandshake]:
    """Those of our own tests: a probe that speaks QUIC by itself asks something else."""
    for step in told.report.test_keys.quic_handshakes or ():
        tested = names.test(step.tags)
        address, port = names.place(step.address)
        if tested is not None:
            yield QuicHandshake(
                at=told.at(step.t0, step.t), took=took(step.t0, step.t), test=tested,
                failure=names.failure(step.failure), hop=names.hop(step.tags) or 0,
                address=address, port=port or 443, server_name=(step.server_name or "").lower(),
                version=step.x_version or "", alpn=step.negotiated_protocol or "",
                chain=_chain(step),
            )  # fmt: skip


def _chain(step: Handshake) -> tuple[Certificate, ...]:
    if step.x_certificates:
        return tuple(step.x_certificates[:MOST])
    ders = (content(one) for one in (step.peer_certificates or ())[:MOST])
    return tuple(read for der in ders if (read := from_der(der)) is not None)


def _exchanges(told: Story) -> Iterator[Observation]:
    for turn in told.turns:
        transaction = turn.transaction
        response = transaction.response
        answered = response is not None and bool(response.code)
        if answered or not transaction.failure:
            yield _exchange(told, turn)
        elif not _ended_before(told, turn):
            yield _unanswered(told, turn)


def _ended_before(told: Story, turn: Turn) -> bool:
    """Whether an earlier layer's step of the hop failed already, as the record has it."""
    keys, hop = told.report.test_keys, turn.hop
    host = told.hosts.get(hop, "")
    tcp = [s for s in keys.tcp_connect or () if (names.hop(s.tags) or 0) == hop]
    tls = [
        s
        for s in keys.tls_handshakes or ()
        if hop_of(told, s.tags, (s.server_name or "").lower()) == hop
    ]
    dns = [q for q in keys.queries or () if q.hostname.lower() == host and _system(q)]
    return (
        _all([_connect_failure(s) is not None for s in tcp if not names.aside(s.tags)])
        or _all([bool(s.failure) for s in tls if not names.aside(s.tags)])
        or _all([bool(q.failure) for q in dns])
    )


def _all(failed: list[bool]) -> bool:
    return bool(failed) and all(failed)


def _system(query: Query) -> bool:
    return (query.engine or "") in SYSTEM


def _unanswered(told: Story, turn: Turn) -> Observation:
    """A request that failed where no other step of its hop is on record: by the failure's name."""
    transaction = turn.transaction
    failed = names.failure(transaction.failure)
    at, spent = told.at(transaction.t0, transaction.t), took(transaction.t0, transaction.t)
    name, host = failed.name if failed else "", told.hosts.get(turn.hop, "")
    if name.startswith("dns_"):
        return DnsLookup(
            at=at, took=spent, failure=failed, hop=turn.hop, name=host, resolver="system"
        )
    if name.startswith("ssl_"):
        return TlsHandshake(
            at=at, took=spent, failure=failed, hop=turn.hop, address="", port=443, server_name=host
        )
    if name in {"connection_refused", "host_unreachable", "network_unreachable"}:
        where = names.port(transaction.request.url)
        return TcpConnect(at=at, took=spent, failure=failed, hop=turn.hop, address="", port=where)
    return _exchange(told, turn)


def _exchange(told: Story, turn: Turn) -> HttpExchange:
    transaction, response = turn.transaction, turn.transaction.response
    body = content(response.body) if response else b""
    charset = page.charset(body, header(response, "content-type"))
    status = (response.code or None) if response else None
    address, _ = names.place(transaction.address)
    failed = names.failure(transaction.failure)
    tested = names.test(transaction.tags) or (_OTHER if others(told, turn.hop, address) else None)
    read = HttpExchange(
        at=told.at(transaction.t0, transaction.t), took=took(transaction.t0, transaction.t),
        failure=failed, hop=turn.hop, test=tested,
        url=transaction.request.url, address=address, method=transaction.request.method or "GET",
        status=status, headers=_headers(transaction), location=scrub_url(target(transaction)),
        title=page.title(body, charset), length=len(body) or _received(told, transaction),
        digest=hashlib.sha256(body).hexdigest() if body else "",
        truncated=bool(response and response.body_is_truncated),
        expectation=_expectation(transaction, status, failed),
        matched=_notice(body, charset),
    )  # fmt: skip
    return _recalled(read, transaction.x_body) if transaction.x_body else read


def _recalled(read: HttpExchange, kept: Body) -> HttpExchange:
    """What we wrote of a body that we did not keep."""
    return msgspec.structs.replace(
        read, length=kept.length, digest=kept.sha256, title=kept.title, matched=kept.matched,
        expectation=kept.expectation, first_byte=kept.first_byte, location=kept.location,
        simhash=kept.simhash, fingerprint=kept.fingerprint,
    )  # fmt: skip


def _received(told: Story, transaction: Transaction) -> int:
    """Bytes that came on the connection, where its events were kept."""
    if transaction.transaction_id is None:
        return 0
    return sum(
        event.num_bytes or 0
        for event in told.report.test_keys.network_events or ()
        if event.operation == "read" and event.transaction_id == transaction.transaction_id
    )


def _expectation(
    transaction: Transaction, status: int | None, failed: Failure | None
) -> Expectation | None:
    if status is None or failed is not None or target(transaction):
        return None
    return Expectation.MET if status <= LAST_GOOD_STATUS else Expectation.STATUS


def _headers(transaction: Transaction) -> tuple[Header, ...]:
    found = [(n, v) for n, v in headers(transaction.response) if n.lower() != "set-cookie"]
    return tuple(Header(name[:100], scrub(value)[:MAX_VALUE]) for name, value in found[:MOST_HEADERS])  # fmt: skip


def _notice(body: bytes, charset: str) -> str:
    if not body or len(body) > NOTICE_WITHIN:
        return ""
    return known_notice.__wrapped__(page.text(body, charset))


def scrub_url(url: str) -> str:
    """A redirect's target; its query may hold what the notice knows of its visitor."""
    return url.partition("?")[0][:MAX_VALUE]
