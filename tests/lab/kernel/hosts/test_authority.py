"""The lab's certificates: trusted under its bundle, and run out where that is wanted."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from probe.lab.kernel.hosts.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_a_chain_can_be_served_and_names_its_host(authority: Authority) -> None:
    path = authority.issue("twitter.com", "www.twitter.com")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    names = leaf(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["twitter.com", "www.twitter.com"]


def test_the_bundle_is_what_verifiers_load(authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    assert len(context.get_ca_certs()) == 1


def test_an_expired_certificate_has_run_out(authority: Authority) -> None:
    at = datetime(2022, 1, 1, tzinfo=UTC)
    assert leaf(authority.issue("a.example", expired=True)).not_valid_after_utc < at
    assert leaf(authority.issue("a.example")).not_valid_after_utc > at


def test_keys_are_for_the_owner_alone(authority: Authority) -> None:
    assert authority.issue("a.example").stat().st_mode & 0o077 == 0
