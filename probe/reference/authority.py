"""A certificate for any name, by an authority that lives as long as the process: nobody trusts it.

Whoever tests against it asks only whether the handshake completes.
"""

from __future__ import annotations

import ssl
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from probe.config.shape import Tls
from probe.reference.reply import served
from probe.transport import certificate

DEFAULT = "reference.invalid"
"""Shown to who names nobody."""
MOST_CONTEXTS = 1000
LIFE = timedelta(days=90)
LONGEST_COMMON_NAME = 64


@contextmanager
def unread_names() -> Iterator[None]:
    """Pass over names that are not ASCII, which never come to `_choose`.

    Python ends such a handshake by an alert, and would write a traceback for each.
    """
    before = sys.unraisablehook

    def told(found: sys.UnraisableHookArgs) -> None:
        named = isinstance(found.exc_value, UnicodeDecodeError) and isinstance(found.object, bytes)
        if not named:
            before(found)

    sys.unraisablehook = told
    try:
        yield
    finally:
        sys.unraisablehook = before


class Authority:
    """Contexts by server name, made when first asked for."""

    def __init__(self, now: datetime, names: tuple[str, ...] = (), tls: Tls | None = None) -> None:
        """Raise ConfigError for a certificate that is not good."""
        self._names = names
        self._own = certificate.context(tls) if tls else None
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._made: OrderedDict[str, ssl.SSLContext] = OrderedDict()
        self.context = self._own or self._fresh(DEFAULT)
        self.context.sni_callback = self._choose

    def pem(self, name: str = DEFAULT) -> bytes:
        """Write a fresh certificate for a name, after its key."""
        return self._pem(name)

    def _choose(
        self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> int | None:
        if not served(name or "", self._names):
            return ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if name and not self._own:
            connection.context = self._of(name.lower())
        return None

    def _of(self, name: str) -> ssl.SSLContext:
        known = self._made.get(name)
        if known is None:
            known = self._made[name] = self._fresh(name)
            if len(self._made) > MOST_CONTEXTS:
                self._made.popitem(last=False)
        self._made.move_to_end(name)
        return known

    def _fresh(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with NamedTemporaryFile(suffix=".pem") as file:  # OpenSSL reads no other way
            file.write(self._pem(name))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _pem(self, name: str) -> bytes:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])
        issuer = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "worksforwhom reference server")]
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + LIFE)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8
        key = self._key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        )
        return key + made.public_bytes(serialization.Encoding.PEM)
