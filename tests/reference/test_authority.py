"""Each name gets a certificate of its own, made once, where names are not refused."""

import ssl
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509

from probe.config.load import ConfigError
from probe.config.shape import Tls
from probe.reference import authority
from probe.reference.authority import DEFAULT, Authority

NOW = datetime.now(UTC)  # noqa: TID251 — OpenSSL looks at the clock, too


def shaken(made: Authority, name: str | None) -> bytes:
    """Shake hands in memory; give the certificate that was shown."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=name)
    theirs = made.context.wrap_bio(there, back, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ours.getpeercert(binary_form=True) or b""


def names(shown: bytes) -> list[str]:
    found = x509.load_der_x509_certificate(shown)
    extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def test_a_name_gets_a_certificate_of_its_own_and_keeps_it() -> None:
    made = Authority(NOW)
    first = shaken(made, "www.one.test")
    assert names(first) == ["www.one.test"]
    assert shaken(made, "www.one.test") == first
    assert names(shaken(made, "two.test")) == ["two.test"]
    assert names(shaken(made, None)) == [DEFAULT]
    long = "a" * 60 + ".test"
    assert names(shaken(made, long)) == [long]


def test_a_name_that_is_not_served_is_an_alert() -> None:
    made = Authority(NOW, ("one.test",))
    assert names(shaken(made, "www.one.test")) == ["www.one.test"]
    for name in ("two.test", None):
        with pytest.raises(ssl.SSLError):
            shaken(made, name)


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "MOST_CONTEXTS", 2)
    made = Authority(NOW)
    first = shaken(made, "one.test")
    for name in ("two.test", "three.test"):
        shaken(made, name)
    assert shaken(made, "one.test") != first


def test_one_s_own_certificate_is_for_all_names(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("own")
    issued = trustme.CA().issue_cert("ours.test")
    issued.cert_chain_pems[0].write_to_path(folder / "c.pem")
    issued.private_key_pem.write_to_path(folder / "k.pem")
    tls = Tls(certificate=str(folder / "c.pem"), key=str(folder / "k.pem"))
    assert names(shaken(Authority(NOW, tls=tls), "any.test")) == ["ours.test"]
    with pytest.raises(ConfigError, match="cannot be read"):
        Authority(NOW, tls=Tls(certificate="nowhere.pem", key="nowhere.pem"))
