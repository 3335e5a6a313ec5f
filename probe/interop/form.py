"""OONI's web_connectivity measurement as its JSON has it, as far as it is read (ooni.md, section c).

Lenient where the archive is: what is absent, null or of an older version has a default.
"""

from __future__ import annotations

import msgspec

from probe.model import Certificate, Expectation, Fingerprint, Layer


class Binary(msgspec.Struct, frozen=True):
    """Bytes that are no text."""

    data: str
    format: str = "base64"


Text = str | Binary | None
Failed = str | bool | None
"""A failure's name; some old versions write false for none."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What every part is: unknown fields are ignored."""


class Answer(Form, frozen=True, kw_only=True):
    answer_type: str = ""
    ipv4: str | None = None
    ipv6: str | None = None
    asn: int | None = None


class Query(Form, frozen=True, kw_only=True):
    hostname: str
    query_type: str = "A"
    engine: str | None = None
    failure: Failed = None
    answers: list[Answer] | None = None
    resolver_address: str | None = None
    rcode: int | None = None
    t0: float | None = None
    t: float | None = None
    tags: list[str] | None = None
    transaction_id: int | None = None
    x_late: list[str] | None = None
    """Ours: addresses of second answers."""
    x_server_name: str | None = None
    """Ours: whose certificate an encrypted resolver was to show."""
    x_failed_at: Layer | None = None
    """Ours: where a lookup over a stream broke off."""


class Status(Form, frozen=True, kw_only=True):
    success: bool | None = None
    failure: Failed = None


class Connect(Form, frozen=True, kw_only=True):
    ip: str
    port: int
    status: Status
    t0: float | None = None
    t: float | None = None
    tags: list[str] | None = None
    transaction_id: int | None = None


class Handshake(Form, frozen=True, kw_only=True):
    address: str | None = None
    server_name: str | None = None
    failure: Failed = None
    peer_certificates: list[Binary] | None = None
    tls_version: str | None = None
    cipher_suite: str | None = None
    negotiated_protocol: str | None = None
    network: str = "tcp"
    x_certificates: list[Certificate] | None = None
    """Ours: what is read of a chain whose bytes were not kept."""
    x_version: str | None = None
    """Ours: QUIC's."""
    t0: float | None = None
    t: float | None = None
    tags: list[str] | None = None
    transaction_id: int | None = None


class Request(Form, frozen=True, kw_only=True):
    url: str = ""
    method: str | None = "GET"


class Response(Form, frozen=True, kw_only=True):
    code: int | None = None
    headers: dict[str, Text] | None = None
    headers_list: list[list[Text]] | None = None
    body: Text = None
    body_is_truncated: bool | None = None


class Body(Form, frozen=True, kw_only=True):
    """Ours: what is read of a body that was not kept."""

    length: int = 0
    sha256: str = ""
    title: str = ""
    matched: str = ""
    simhash: str = ""
    fingerprint: Fingerprint | None = None
    expectation: Expectation | None = None
    first_byte: float = 0.0
    location: str = ""


class Transaction(Form, frozen=True, kw_only=True):
    request: Request = Request()
    response: Response | None = None
    failure: Failed = None
    address: str | None = None
    network: str = "tcp"
    x_body: Body | None = None
    t0: float | None = None
    t: float | None = None
    tags: list[str] | None = None
    transaction_id: int | None = None


class Event(Form, frozen=True, kw_only=True):
    operation: str = ""
    num_bytes: int | None = None
    failure: Failed = None
    t: float | None = None
    transaction_id: int | None = None


class ControlDns(Form, frozen=True, kw_only=True):
    addrs: list[str] | None = None
    failure: Failed = None


class ControlStatus(Form, frozen=True, kw_only=True):
    status: bool | None = None
    failure: Failed = None
    server_name: str = ""


class ControlPage(Form, frozen=True, kw_only=True):
    body_length: int | None = None
    failure: Failed = None
    title: str | None = None
    headers: dict[str, Text] | None = None
    status_code: int | None = None


class Origin(Form, frozen=True, kw_only=True):
    asn: int | None = None


class Control(Form, frozen=True, kw_only=True):
    """What the test helper saw."""

    dns: ControlDns | None = None
    tcp_connect: dict[str, ControlStatus] | None = None
    tls_handshake: dict[str, ControlStatus] | None = None
    http_request: ControlPage | None = None
    ip_info: dict[str, Origin | None] | None = None


class TestKeys(Form, frozen=True, kw_only=True):
    queries: list[Query] | None = None
    tcp_connect: list[Connect] | None = None
    tls_handshakes: list[Handshake] | None = None
    quic_handshakes: list[Handshake] | None = None
    requests: list[Transaction] | None = None
    network_events: list[Event] | None = None
    control: Control | None = None
    control_failure: Failed = None
    http_experiment_failure: Failed = None


class Report(Form, frozen=True, kw_only=True):
    """One measurement."""

    input: str
    measurement_start_time: str
    probe_cc: str
    probe_asn: str
    test_name: str
    test_keys: TestKeys
    measurement_uid: str | None = None
    report_id: str | None = None
    probe_network_name: str | None = None
    resolver_asn: str | None = None
    software_name: str = "ooniprobe"
    software_version: str = ""
    test_version: str = ""
    test_runtime: float | None = None
    test_start_time: str | None = None
    probe_ip: str = "127.0.0.1"
    """Always this: the probe's own address is nobody's business."""
    data_format_version: str = "0.2.0"
    annotations: dict[str, str] | None = None
