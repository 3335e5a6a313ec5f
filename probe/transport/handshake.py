"""TLS as web.config_file lays it down: its contexts, and one that turns to the newest of them."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from probe.config.document import ConfigError
from probe.config.web import CIPHERS, CURVES, TlsServer

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
REQUIRED = "RequireAndVerifyClientCert"
VERIFY = {"VerifyClientCertIfGiven": ssl.CERT_OPTIONAL, REQUIRED: ssl.CERT_REQUIRED}


def context(tls: TlsServer, *, lenient: bool) -> ssl.SSLContext:
    """Make a listener's TLS; raises ConfigError.

    `lenient` asks for a client's certificate without insisting: where some paths need none,
    only the request shows whether one is missing.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = VERSIONS[tls.min_version]
    made.maximum_version = VERSIONS[tls.max_version]
    if not tls.prefer_server_cipher_suites:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    ciphers = [CIPHERS[name] for name in tls.cipher_suites if name in CIPHERS]
    if ciphers:
        made.set_ciphers(":".join(ciphers))
    if len(set(tls.curve_preferences)) == 1:
        made.set_ecdh_curve(CURVES[tls.curve_preferences[0]])
    _certify(made, tls)
    mode = VERIFY.get(tls.client_auth_type, ssl.CERT_NONE)
    if mode is not ssl.CERT_NONE:
        _trust(made, tls)
    made.verify_mode = min(mode, ssl.CERT_OPTIONAL) if lenient else mode
    return made


def expiry(tls: TlsServer) -> datetime:
    """Say until when the listener's certificate is good; raises ConfigError."""
    from cryptography import x509  # noqa: PLC0415 — only where TLS is served

    try:
        text = tls.cert.encode() or Path(tls.cert_file).read_bytes()
        return x509.load_pem_x509_certificates(text)[0].not_valid_after_utc
    except (OSError, ValueError) as error:
        raise ConfigError(f"{tls.cert_file or 'cert'}: cannot be read: {error}") from None


def no_worse(expires: datetime, held: datetime, now: datetime) -> None:
    """Raise ConfigError for a certificate that is over already, where the one in use is not."""
    if expires <= now < held:
        raise ConfigError(
            f"the certificate expired at {expires}; the one in use is good until {held}"
        )


class Turning(ssl.SSLContext):
    """A listener keeps the context it began with; this one hands each new connection on."""

    current: ssl.SSLContext

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 — the standard library's signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return self.current.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def turning(first: ssl.SSLContext) -> Turning:
    made = Turning(ssl.PROTOCOL_TLS_SERVER)
    made.current = first
    return made


def _certify(made: ssl.SSLContext, tls: TlsServer) -> None:
    names = f"{tls.cert_file or 'cert'} and {tls.key_file or 'key'}"
    try:
        with _file(tls.cert, tls.cert_file) as cert, _file(tls.key, tls.key_file) as key:
            made.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        reason = error.reason or "unreadable"
        raise ConfigError(f"{names}: are no PEM certificate and its key: {reason}") from None
    except OSError as error:
        raise ConfigError(f"{names}: cannot be read: {error.strerror}") from None


def _trust(made: ssl.SSLContext, tls: TlsServer) -> None:
    name = tls.client_ca_file or "client_ca"
    try:
        if tls.client_ca:
            made.load_verify_locations(cadata=tls.client_ca)
        else:
            made.load_verify_locations(tls.client_ca_file)
    except (ssl.SSLError, ValueError):
        raise ConfigError(f"{name}: has no PEM certificate") from None
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None


@contextmanager
def _file(text: str, name: str) -> Iterator[str]:
    """Give a file's name: OpenSSL reads keys from files alone, here at least."""
    if name:
        yield name
        return
    with tempfile.NamedTemporaryFile("w", prefix="worksforwhom-") as written:  # mode 0600
        written.write(text)
        written.flush()
        yield written.name
