"""What is read of a certificate is the same by either reader."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.certificate import from_der, presented, verified
from probe.model import Certificate

ROOT = Path(__file__).parents[2]


def connected(authority: trustme.CA, *names: str) -> ssl.SSLObject:
    """Shake hands in memory."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, organization_name="A, B + C").configure_cert(serving)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(asking)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(down, up, server_hostname=names[0])
    server = serving.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client


@pytest.mark.parametrize("reader", [verified, presented])
def test_all_readers_agree(
    authority: trustme.CA, reader: Callable[[ssl.SSLObject], tuple[Certificate, ...]]
) -> None:
    connection = connected(authority, "site.test", "www.site.test")
    leaf = reader(connection)[0]
    assert from_der(connection.getpeercert(binary_form=True) or b"") == leaf
    assert leaf.names == ("site.test", "www.site.test")
    assert "O=A\\, B \\+ C" in leaf.subject
    assert leaf.not_after.timestamp() > time.time()  # noqa: TID251 — trustme reads that clock


def test_addresses_are_told_of_what_was_verified_alone(authority: trustme.CA) -> None:
    connection = connected(authority, "site.test", "192.0.2.1", "2001:db8::1")
    hidden = ("site.test", "[address]", "[address]")
    assert presented(connection)[0].names == hidden
    assert verified(connection)[0].names == ("site.test", "192.0.2.1", "2001:db8::1")
    assert presented(connection)[0].names == hidden


class Odd:
    """A chain of one, as CPython holds it, of which OpenSSL makes nothing."""

    def __init__(self, der: bytes) -> None:
        self._der = der
        self._sslobj = self

    def get_unverified_chain(self) -> list[Odd]:
        return [self]

    def public_bytes(self, _: int) -> bytes:
        return self._der

    def get_info(self) -> dict[str, object]:
        raise ValueError("month 13")


def test_what_openssl_makes_nothing_of_is_read_from_its_bytes() -> None:
    der = load_pem_x509_certificate(trustme.CA().cert_pem.bytes()).public_bytes(Encoding.DER)
    (read,) = presented(cast("ssl.SSLObject", Odd(der)))
    assert read == from_der(der)
    assert presented(cast("ssl.SSLObject", Odd(der[:-1]))) == ()


def test_a_refused_certificate_is_read_without_another_library() -> None:
    code = (
        "import ssl, sys, trustme\n"
        "from tests.measure.test_certificate import connected\n"
        "held = connected(trustme.CA(), 'site.test')\n"
        "for name in [n for n in sys.modules if n.split('.')[0] == 'cryptography']:\n"
        "    del sys.modules[name]\n"
        "from probe.measure.certificate import presented\n"
        "assert presented(held)[0].names == ('site.test',)\n"
        "assert not any(n.startswith('cryptography') for n in sys.modules), 'it was loaded'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)  # noqa: S603


def test_before_any_certificate_there_is_nothing() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a.test")
    assert presented(connection) == ()


@given(st.binary(max_size=400))
def test_what_cannot_be_read_is_left_out(der: bytes) -> None:
    assert from_der(der) is None


def test_a_version_that_is_none_is_left_out(authority: trustme.CA) -> None:
    der = load_pem_x509_certificate(authority.cert_pem.bytes()).public_bytes(Encoding.DER)
    third = b"\xa0\x03\x02\x01\x02"
    assert third in der
    assert from_der(der.replace(third, b"\xa0\x03\x02\x01\x03")) is None


@given(st.data())
def test_any_byte_may_be_wrong(authority: trustme.CA, data: st.DataObject) -> None:
    der = bytearray(
        load_pem_x509_certificate(authority.cert_pem.bytes()).public_bytes(Encoding.DER)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(from_der(bytes(der)), Certificate | None)


@pytest.mark.parametrize("cut", [1, 50, 300])
def test_a_certificate_cut_short_is_left_out(authority: trustme.CA, cut: int) -> None:
    der = load_pem_x509_certificate(authority.cert_pem.bytes()).public_bytes(Encoding.DER)
    assert from_der(der) is not None
    assert from_der(der[:-cut]) is None


def test_a_certificate_that_anybody_may_have_made_leaves_without_addresses(
    authority: trustme.CA,
) -> None:
    connection = connected(authority, "site.test", "192.0.2.1")
    (leaf, *_) = presented(connection)
    assert leaf.names == ("site.test", "[address]")
    (sure,) = verified(connection)
    assert sure.names == ("site.test", "192.0.2.1"), "an authority vouches for it"
