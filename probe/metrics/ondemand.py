"""The metrics of one probe that somebody asked for, under blackbox_exporter's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

from probe.metrics.exposition import Family, Form, Kind, gauge, labels, sample, write
from probe.metrics.run import Run, families
from probe.model import HttpExchange, TlsHandshake

NEVER = -62135596800.0
"""Go's zero time, in Unix seconds: what blackbox_exporter gives for an unverified chain."""
BODILESS = {204, 304}
"""Statuses without a body, whatever the headers say (RFC 9110, 6.4.1)."""
FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193


@dataclass(frozen=True, slots=True)
class Seen:
    """One probe: its figures, and what only a single target may show."""

    run: Run
    timeout: float
    address: str = ""
    """Of the endpoint's own URL."""
    answer: HttpExchange | None = None
    """The last one."""
    shake: TlsHandshake | None = None
    """The last one."""


def exposition(seen: Seen, form: Form = Form.CLASSIC) -> bytes:
    return b"".join(write(_families(seen), form))


def _families(seen: Seen) -> Iterator[Family]:
    yield from families([("", seen.run)])
    yield gauge("probe_timeout_seconds", "What the probe had time for.", seen.timeout)
    yield gauge(
        "probe_ip_addr_hash",
        "FNV-1a hash of the endpoint's own address.",
        fnv1a(ip_address(seen.address).packed) if seen.address else 0,
    )
    yield from _answer(seen.answer)
    if seen.shake and seen.shake.version:
        yield from _tls(seen.shake)


def _answer(answer: HttpExchange | None) -> Iterator[Family]:
    headers = {held.name.lower(): held.value for held in answer.headers} if answer else {}
    length = headers.get("content-length", "")
    announced = float(length) if length.isascii() and length.isdigit() else -1
    if answer is None or answer.status in BODILESS:
        announced = 0
    yield gauge(
        "probe_http_content_length",
        "Length that the last answer announced; -1 where it did not, 0 where there was none.",
        announced,
    )
    modified = _unix(headers.get("last-modified", ""))
    if modified is not None:
        name = "probe_http_last_modified_timestamp_seconds"
        yield gauge(name, "When the last answer says that it last changed.", modified)


def _tls(shake: TlsHandshake) -> Iterator[Family]:
    yield _info("probe_tls_version", "The TLS version spoken.", (("version", _tls_name(shake)),))
    yield _info("probe_tls_cipher", "The cipher chosen.", (("cipher", shake.cipher),))
    if not shake.chain:
        return
    leaf = shake.chain[0]
    verified = shake.failure is None
    yield gauge(
        "probe_ssl_last_chain_expiry_timestamp_seconds",
        "End, in Unix time, of the chain that was verified.",
        leaf.not_after.timestamp() if verified else NEVER,
    )
    pairs = (
        ("fingerprint_sha256", leaf.sha256),
        ("subject", leaf.subject),
        ("issuer", leaf.issuer),
        ("subjectalternative", ",".join(leaf.names)),
    )
    yield _info("probe_ssl_last_chain", "The certificate presented.", pairs)


def _info(name: str, documentation: str, pairs: Iterable[tuple[str, str]]) -> Family:
    names, values = zip(*pairs, strict=True)
    return Family(
        name, Kind.INFO, documentation, [sample(f"{name}_info", labels(names, values), 1)]
    )


def _tls_name(shake: TlsHandshake) -> str:
    """Write OpenSSL's `TLSv1.3` as Go does: `TLS 1.3`."""
    version = shake.version.removeprefix("TLSv")
    return f"TLS {version if '.' in version else version + '.0'}"


def _unix(date: str) -> float | None:
    try:
        read: datetime = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return read.timestamp()


def fnv1a(data: bytes) -> int:
    """Hash as Go's hash/fnv does, 32 bits."""
    value = FNV_OFFSET
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return value
