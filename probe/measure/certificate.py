"""What is read of a certificate: from OpenSSL's own dictionary, from DER where there is none."""

from __future__ import annotations

import hashlib
import ssl
import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Protocol, cast

import msgspec

from probe.measure.scrub import scrub
from probe.model import Certificate

MOST = 10
"""Certificates of a chain that are read."""
MOST_NAMES = 250
"""Kept of one certificate: those of a content network have a hundred."""
LONGEST_WORDS = 500
"""Of a subject or an issuer."""

_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "domainComponent": "DC",
    "streetAddress": "STREET",
    "userId": "UID",
}
"""RFC 4514, section 3."""

_DER = 2

Name = Sequence[Sequence[tuple[str, str]]]


_MOST_KEPT = 512
_kept: dict[str, Certificate] = {}
"""What was read of a certificate, by its digest: sites show the same one for months."""


class _Presented(Protocol):
    """What CPython's own module has of a certificate, also of one that was refused."""

    def public_bytes(self, form: int) -> bytes: ...

    def get_info(self) -> Mapping[str, object]: ...


def verified(connection: ssl.SSLObject) -> tuple[Certificate, ...]:
    """Read the leaf of a chain that was verified, without a DER parser: it is cheap."""
    der = connection.getpeercert(binary_form=True)
    digest = hashlib.sha256(der or b"").hexdigest()
    if digest not in _kept:
        found = _verified(connection, digest, der) if der else None
        if found is None:
            return ()
        _keep(digest, found)
    return (_kept[digest],)


def _keep(key: str, read: Certificate) -> Certificate:
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[key] = read
    return read


def _verified(connection: ssl.SSLObject, digest: str, der: bytes) -> Certificate | None:
    try:
        facts = connection.getpeercert()
    except ValueError:  # one of its names is no UTF-8, which only Python minds
        return from_der(der)
    return _told(digest, facts) if facts else None


def _told(digest: str, facts: Mapping[str, object]) -> Certificate:
    names = cast("Sequence[tuple[str, str]]", facts.get("subjectAltName", ()))
    return Certificate(
        sha256=digest,
        subject=_words(cast("Name", facts.get("subject", ())))[:LONGEST_WORDS],
        issuer=_words(cast("Name", facts.get("issuer", ())))[:LONGEST_WORDS],
        names=tuple(
            _address(name) if kind == "IP Address" else name
            for kind, name in names
            if kind in {"DNS", "IP Address"}
        )[:MOST_NAMES],
        not_before=_time(str(facts["notBefore"])),
        not_after=_time(str(facts["notAfter"])),
    )


def presented(connection: ssl.SSLObject) -> tuple[Certificate, ...]:
    """Read the whole chain as presented, also and above all when it was refused."""
    chain = getattr(getattr(connection, "_sslobj", None), "get_unverified_chain", None)
    if chain is None:
        found = map(from_der, _ders(connection)[:MOST])
    else:  # CPython's own form, which no version makes public
        found = map(_seen, (chain() or ())[:MOST])
    return tuple(one for one in found if one)


def _seen(one: _Presented) -> Certificate | None:
    """Read it as one that was verified is read; what OpenSSL makes nothing of, another may."""
    der = one.public_bytes(_DER)
    digest = hashlib.sha256(der).hexdigest()
    key = f"presented {digest}"
    if key in _kept:
        return _kept[key]
    try:
        return _keep(key, _scrubbed(_told(digest, one.get_info())))
    except (ValueError, KeyError, ssl.SSLError):
        return from_der(der)


def _scrubbed(read: Certificate) -> Certificate:
    """Of anybody's make: who intercepts may write his victim's address there."""
    return msgspec.structs.replace(
        read,
        subject=scrub(read.subject),
        issuer=scrub(read.issuer),
        names=tuple(map(scrub, read.names)),
    )


@lru_cache(256)  # the same interceptor shows the same certificate every time
def from_der(der: bytes) -> Certificate | None:
    """Read one certificate; None when it cannot be read."""
    # Imported here: it takes 8 MB, a fifth of an agent, and hardly a measurement needs it.
    from cryptography import x509  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd certificates are the interesting ones
            read = x509.load_der_x509_certificate(der)
            return _scrubbed(
                Certificate(
                    sha256=hashlib.sha256(der).hexdigest(),
                    subject=read.subject.rfc4514_string()[:LONGEST_WORDS],
                    issuer=read.issuer.rfc4514_string()[:LONGEST_WORDS],
                    names=tuple(_names(read))[:MOST_NAMES],
                    not_before=read.not_valid_before_utc,
                    not_after=read.not_valid_after_utc,
                )
            )
    except (ValueError, TypeError, x509.InvalidVersion):
        return None


def _names(read: object) -> Iterable[str]:
    from cryptography import x509  # noqa: PLC0415 — as above

    certificate = cast("x509.Certificate", read)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return ()
    addresses = (str(address) for address in found.get_values_for_type(x509.IPAddress))
    return (*found.get_values_for_type(x509.DNSName), *addresses)


def _ders(connection: ssl.SSLObject) -> list[bytes]:
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:  # Python 3.13
        return list(public() or ())
    leaf = connection.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def _address(text: str) -> str:
    """Write an address as everybody does; OpenSSL leaves no zero of IPv6 out."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return text


def _words(name: Name) -> str:
    parts = [
        "+".join(f"{_SHORT.get(key, key)}={_escaped(value)}" for key, value in relative)
        for relative in name
    ]
    return ",".join(reversed(parts))


def _escaped(value: str) -> str:
    return "".join(f"\\{letter}" if letter in ',+"\\<>;' else letter for letter in value)


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
