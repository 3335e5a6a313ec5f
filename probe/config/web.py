"""How a listener is protected: the file `web.config_file` names, laid out as exporter-toolkit's.

What cannot be done here, or would protect nothing, is refused by name rather than accepted and
ignored: certificates that nobody verifies, TLS before 1.2, some but not all curves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from probe.config.check import Check, Number, Problem, Text, Whole
from probe.config.shape import Seconds, Secret, Section

CURVES = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
"""Go's name to OpenSSL's."""
MODERN_CIPHERS = frozenset(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
)
"""Those of TLS 1.3: always on, as in Go, whether named or not."""
CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
}
"""Go's name to OpenSSL's, for TLS 1.2."""
UNVERIFIED = ("RequireAnyClientCert", "RequireClientCert")
VERIFIED = ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
CLIENT_AUTH = ("", "NoClientCert", "RequestClientCert", *VERIFIED)
"""RequestClientCert lets everybody in, in upstream as here."""
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
"""The headers that may be set, as upstream allows; empty: any value."""
BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
CHEAPEST, DEAREST = 4, 16


class TlsServer(Section, frozen=True, kw_only=True):
    """`tls_server_config`."""

    cert: str = ""
    cert_file: str = ""
    key: Secret = Secret("")
    key_file: str = ""
    client_auth_type: str = ""
    client_ca: str = ""
    client_ca_file: str = ""
    client_allowed_sans: tuple[str, ...] | None = None
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    curve_preferences: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True

    @property
    def wanted(self) -> bool:
        """Whether the listener speaks TLS at all, by upstream's own rule."""
        files = (self.cert_file, self.key_file, self.client_ca_file)
        return any((self.cert, self.key, self.client_ca, self.client_auth_type, *files))


class HttpServer(Section, frozen=True, kw_only=True):
    """`http_server_config`."""

    http2: bool | None = None
    """Accepted and without effect: HTTP/1.1 is spoken here."""
    headers: Mapping[str, str] = {}


class RateLimit(Section, frozen=True, kw_only=True):
    """`rate_limit`: `burst` requests at once, one more every `interval`; 0 is no limit."""

    interval: Seconds = Seconds(0)
    burst: int = 0


class WebConfig(Section, frozen=True, kw_only=True):
    """exporter-toolkit's web.config.file."""

    tls_server_config: TlsServer = TlsServer()
    http_server_config: HttpServer = HttpServer()
    rate_limit: RateLimit = RateLimit()
    basic_auth_users: Mapping[str, Secret] = {}
    """User names and the bcrypt hashes of their passwords."""


PATHS = (
    "tls_server_config.cert_file",
    "tls_server_config.key_file",
    "tls_server_config.client_ca_file",
)
"""The fields that name files."""


def files(tls: TlsServer) -> tuple[Path, ...]:
    named = (tls.cert_file, tls.key_file, tls.client_ca_file)
    return tuple(Path(name) for name in named if name)


# ── what a well-typed file may still get wrong ───────────────────────────────────────────────


def _pair(tls: object) -> Iterator[Problem]:
    """Find a certificate without its key, or either given twice."""
    if not isinstance(tls, TlsServer) or not tls.wanted:
        return
    for name, text, file in (
        ("cert", tls.cert, tls.cert_file),
        ("key", tls.key, tls.key_file),
    ):
        if not text and not file:
            yield Problem((), f"is missing one of {name} or {name}_file")
        if text and file:
            yield Problem((name,), f"is given besides {name}_file; keep one of the two")


def _clients(tls: object) -> Iterator[Problem]:
    if not isinstance(tls, TlsServer):
        return
    kind = tls.client_auth_type
    authority = bool(tls.client_ca or tls.client_ca_file)
    if kind in UNVERIFIED:
        text = (
            f"{kind} verifies nothing: anybody makes such a certificate; it must be {VERIFIED[1]}"
        )
        yield Problem(("client_auth_type",), text)
    elif kind not in CLIENT_AUTH:
        text = f"is {kind!r}; it must be one of {', '.join(CLIENT_AUTH[1:])}"
        yield Problem(("client_auth_type",), text)
    elif kind in VERIFIED and not authority:
        yield Problem(("client_auth_type",), f"{kind} needs client_ca_file: whose certificates?")
    elif kind not in VERIFIED and authority:
        text = f"names an authority for clients, but client_auth_type is not {VERIFIED[1]}"
        yield Problem(("client_ca_file" if tls.client_ca_file else "client_ca",), text)
    if tls.client_allowed_sans is not None and kind != VERIFIED[1]:
        yield Problem(("client_allowed_sans",), f"needs client_auth_type: {VERIFIED[1]}")


def _versions(tls: object) -> Iterator[Problem]:
    if isinstance(tls, TlsServer) and tls.min_version > tls.max_version:
        yield Problem(("min_version",), f"is above max_version, {tls.max_version}")


def _curves(tls: object) -> Iterator[Problem]:
    if isinstance(tls, TlsServer) and 1 < len(set(tls.curve_preferences)) < len(CURVES):
        text = "names some curves; name one, or leave it out for all: Python's TLS has no between"
        yield Problem(("curve_preferences",), text)


def _headers(headers: object) -> Iterator[Problem]:
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        allowed = HEADERS.get(name)
        if allowed is None:
            yield Problem((name,), f"cannot be set; known here: {', '.join(HEADERS)}")
        elif allowed and value not in allowed:
            yield Problem((name,), f"is {value!r}; it must be {' or '.join(allowed)}")
        elif not value.isprintable() or not value.isascii():
            yield Problem((name,), "must be plain ASCII, on one line")


def _users(users: object) -> Iterator[Problem]:
    for name, hashed in users.items() if isinstance(users, Mapping) else ():
        found = BCRYPT.fullmatch(hashed)
        if not name or ":" in name:
            yield Problem((name,), "is no user name: it must not be empty nor have a colon")
        elif found is None:
            text = 'is no bcrypt hash; make one with `htpasswd -nBC 10 ""`, say'
            yield Problem((name,), text)
        elif not CHEAPEST <= int(found[1]) <= DEAREST:
            text = f"has cost {int(found[1])}; it must be from {CHEAPEST} to {DEAREST}"
            yield Problem((name,), text)


def _limit(limit: object) -> Iterator[Problem]:
    if isinstance(limit, RateLimit) and limit.interval and limit.burst < 1:
        yield Problem(("burst",), f"is {limit.burst}; it must be 1 or more, or nobody gets in")


def _known(names: Mapping[str, str] | frozenset[str], kind: str) -> str:
    return f"must be a {kind} that Go names: {', '.join(sorted(names))}"


VERSIONS = ("TLS12", "TLS13")
ALL_CIPHERS = frozenset(CIPHERS) | MODERN_CIPHERS
VERSION_RULE = "must be TLS12 or TLS13; what came before is not spoken here"
TLS = "tls_server_config"
RULES: tuple[Check, ...] = (
    Whole(TLS, _pair),
    Whole(TLS, _clients),
    Text(f"{TLS}.min_version", VERSIONS.__contains__, VERSION_RULE),
    Text(f"{TLS}.max_version", VERSIONS.__contains__, VERSION_RULE),
    Whole(TLS, _versions),
    Text(f"{TLS}.cipher_suites.*", ALL_CIPHERS.__contains__, _known(ALL_CIPHERS, "cipher suite")),
    Text(f"{TLS}.curve_preferences.*", CURVES.__contains__, _known(CURVES, "curve")),
    Whole(TLS, _curves),
    Whole("http_server_config.headers", _headers),
    Number("rate_limit.burst", 0, 1_000_000, "must be from 0 to 1000000"),
    Whole("rate_limit", _limit),
    Whole("basic_auth_users", _users),
)
