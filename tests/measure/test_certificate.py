"""What is read of a certificate is the same by either reader."""

import contextlib
import ssl
import time

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.certificate import from_der, presented, verified


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


def test_both_readers_agree(authority: trustme.CA) -> None:
    connection = connected(authority, "site.test", "www.site.test")
    (leaf,) = verified(connection)
    assert presented(connection)[0] == leaf
    assert leaf.names == ("site.test", "www.site.test")
    assert "O=A\\, B \\+ C" in leaf.subject
    assert leaf.not_after.timestamp() > time.time()  # noqa: TID251 — trustme reads that clock


def test_before_any_certificate_there_is_nothing() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a.test")
    assert presented(connection) == ()


@given(st.binary(max_size=400))
def test_what_cannot_be_read_is_left_out(der: bytes) -> None:
    assert from_der(der) is None


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
