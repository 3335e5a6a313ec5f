"""A certificate is loaded, renewed in place, or refused in a sentence."""

import ssl
from pathlib import Path

import pytest
import trustme

from probe.config.load import ConfigError
from probe.config.shape import Tls
from probe.transport import certificate


def issued(folder: Path, name: str) -> Tls:
    made = trustme.CA().issue_cert(name)
    made.cert_chain_pems[0].write_to_path(folder / "certificate")
    made.private_key_pem.write_to_path(folder / "key")
    return Tls(certificate=str(folder / "certificate"), key=str(folder / "key"))


def test_old_protocols_are_not_spoken(tmp_path: Path) -> None:
    context = certificate.context(issued(tmp_path, "centre.example"))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_renewed_certificate_goes_into_the_same_context(tmp_path: Path) -> None:
    context = certificate.context(issued(tmp_path, "centre.example"))
    certificate.load(context, issued(tmp_path, "other.example"))


def test_the_wrong_key_is_a_sentence(tmp_path: Path) -> None:
    tls = issued(tmp_path, "centre.example")
    trustme.CA().issue_cert("other.example").private_key_pem.write_to_path(tls.key)
    with pytest.raises(ConfigError, match="no PEM certificate and its key"):
        certificate.context(tls)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    tls = Tls(certificate=str(tmp_path / "none"), key=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        certificate.context(tls)
