"""TLS of web.config_file: handshakes over memory succeed and fail as it says."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import trustme

from probe.config.load import ConfigError
from probe.config.shape import Secret
from probe.config.web import CIPHERS, CURVES, TlsServer
from probe.transport.handshake import context, expiry, turning


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pair(authority: trustme.CA, tmp_path: Path) -> TlsServer:
    return issued(authority, tmp_path)


def issued(authority: trustme.CA, folder: Path) -> TlsServer:
    made = authority.issue_cert("localhost")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return TlsServer(cert_file=str(cert), key_file=str(key))


def client(authority: trustme.CA, *, name: str = "") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(made)
    if name:
        authority.issue_cert(name).configure_cert(made)
    return made


def shake(server: ssl.SSLContext, asking: ssl.SSLContext) -> ssl.SSLObject:
    """Let both ends talk over memory; raises ssl.SSLError as either end does."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = asking.wrap_bio(down, up, server_hostname="localhost")
    far = server.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for end in (near, far):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return far


def test_the_files_are_served(authority: trustme.CA, pair: TlsServer) -> None:
    assert shake(context(pair, lenient=False), client(authority)).version() == "TLSv1.3"


def test_what_stands_in_the_file_itself_is_served(authority: trustme.CA) -> None:
    made = authority.issue_cert("localhost")
    tls = TlsServer(
        cert=made.cert_chain_pems[0].bytes().decode(),
        key=Secret(made.private_key_pem.bytes().decode()),
    )
    assert shake(context(tls, lenient=False), client(authority)).version() == "TLSv1.3"
    assert expiry(tls) > datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_versions_are_kept_to(authority: trustme.CA, pair: TlsServer, version: str) -> None:
    only = msgspec.structs.replace(pair, min_version=version, max_version=version)
    spoken = shake(context(only, lenient=False), client(authority)).version()
    assert spoken == {"TLS12": "TLSv1.2", "TLS13": "TLSv1.3"}[version]


def test_ciphers_are_kept_to(authority: trustme.CA, pair: TlsServer) -> None:
    name = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    only = msgspec.structs.replace(pair, max_version="TLS12", cipher_suites=(name,))
    found = shake(context(only, lenient=False), client(authority)).cipher()
    assert found
    assert found[0] == CIPHERS[name]
    asking = client(authority)
    asking.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises(ssl.SSLError):
        shake(context(only, lenient=False), asking)


@pytest.mark.parametrize("name", CIPHERS)
def test_openssl_knows_every_cipher(pair: TlsServer, name: str) -> None:
    only = msgspec.structs.replace(pair, cipher_suites=(name,))
    assert CIPHERS[name] in {c["name"] for c in context(only, lenient=False).get_ciphers()}


@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_is_kept_to(authority: trustme.CA, pair: TlsServer, curve: str) -> None:
    only = msgspec.structs.replace(pair, curve_preferences=(curve,))
    asking = client(authority)
    asking.set_ecdh_curve(CURVES[curve])
    assert shake(context(only, lenient=False), asking).version()
    asking.set_ecdh_curve("secp384r1" if curve != "CurveP384" else "prime256v1")
    with pytest.raises(ssl.SSLError):
        shake(context(only, lenient=False), asking)


@pytest.mark.parametrize(
    ("kind", "lenient", "name", "fine"),
    [
        ("", False, "", True),
        ("RequestClientCert", False, "", True),
        ("VerifyClientCertIfGiven", False, "", True),
        ("VerifyClientCertIfGiven", False, "prometheus.example", True),
        ("RequireAndVerifyClientCert", False, "prometheus.example", True),
        ("RequireAndVerifyClientCert", False, "", False),
        ("RequireAndVerifyClientCert", True, "", True),
    ],
)
def test_clients_are_asked_for_certificates(
    authority: trustme.CA, pair: TlsServer, kind: str, name: str, *, lenient: bool, fine: bool
) -> None:
    text = authority.cert_pem.bytes().decode()
    asked = msgspec.structs.replace(pair, client_auth_type=kind, client_ca=text)
    server = context(asked, lenient=lenient)
    if fine:
        assert bool(shake(server, client(authority, name=name)).getpeercert()) is bool(name)
    else:
        with pytest.raises(ssl.SSLError):
            shake(server, client(authority, name=name))


@pytest.mark.parametrize("kind", ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"])
def test_a_stranger_s_certificate_is_refused_even_where_none_is_needed(
    authority: trustme.CA, pair: TlsServer, kind: str
) -> None:
    text = authority.cert_pem.bytes().decode()
    asked = msgspec.structs.replace(pair, client_auth_type=kind, client_ca=text)
    stranger = client(authority)
    trustme.CA().issue_cert("prometheus.example").configure_cert(stranger)
    with pytest.raises(ssl.SSLError):
        shake(context(asked, lenient=True), stranger)


BAD = {
    "no certificate": ({"cert_file": "junk"}, "are no PEM certificate and its key"),
    "no file": ({"key_file": "missing"}, "cannot be read: No such file"),
    "no authority": (
        {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "junk"},
        "junk: has no PEM certificate",
    ),
    "no authority's file": (
        {"client_auth_type": "VerifyClientCertIfGiven", "client_ca_file": "missing"},
        "missing: cannot be read: No such file",
    ),
    "no authority in the text": (
        {"client_auth_type": "VerifyClientCertIfGiven", "client_ca": "junk"},
        "client_ca: has no PEM certificate",
    ),
}


@pytest.mark.parametrize(("changes", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_loaded_is_a_sentence(
    pair: TlsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str],
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("junk").write_text("junk")
    with pytest.raises(ConfigError, match=said):
        context(msgspec.structs.replace(pair, **changes), lenient=False)


def test_a_key_that_is_another_s_is_a_sentence(
    authority: trustme.CA, pair: TlsServer, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    mixed = msgspec.structs.replace(pair, key_file=issued(authority, other).key_file)
    with pytest.raises(ConfigError, match="key: KEY_VALUES_MISMATCH"):
        context(mixed, lenient=False)


def test_each_new_connection_has_the_newest_context(
    authority: trustme.CA, pair: TlsServer, tmp_path: Path
) -> None:
    listening = turning(context(pair, lenient=False))
    assert shake(listening, client(authority)).version() == "TLSv1.3"
    renewed = trustme.CA()
    listening.current = context(issued(renewed, tmp_path), lenient=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(listening, client(authority))
    assert shake(listening, client(renewed)).version() == "TLSv1.3"


def test_the_end_of_a_certificate_is_read(authority: trustme.CA, tmp_path: Path) -> None:
    end = datetime(2030, 5, 6, tzinfo=UTC)
    cert = tmp_path / "cert.pem"
    authority.issue_cert("localhost", not_after=end).cert_chain_pems[0].write_to_path(cert)
    assert expiry(TlsServer(cert_file=str(cert))) == end
    cert.write_text("junk")
    with pytest.raises(ConfigError, match=r"cert.pem: cannot be read"):
        expiry(TlsServer(cert_file=str(cert)))
