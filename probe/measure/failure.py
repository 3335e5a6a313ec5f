"""Exception to Failure, by tables; the names are OONI's (netxlite/errno.go), and it is total.

Errors are told apart by errno, never by class: asyncio shows a peer's FIN during a handshake as
ConnectionResetError without errno, a real RST as the same class with errno 104.
"""

from __future__ import annotations

import errno
import re
import ssl

from httptools import HttpParserError, HttpParserUpgrade

from probe.measure.scrub import scrub
from probe.model import Failure

TIMEOUT = "generic_timeout_error"
EOF = "eof_error"
RESET = "connection_reset"
REFUSED = "connection_refused"
HOST_UNREACHABLE = "host_unreachable"
BOGON = "dns_bogon_error"
NXDOMAIN = "dns_nxdomain_error"
NO_ANSWER = "dns_no_answer"
DNS_REFUSED = "dns_refused_error"
SERVFAIL = "dns_servfail_error"
MISBEHAVING = "dns_server_misbehaving"
UNKNOWN_AUTHORITY = "ssl_unknown_authority"
INVALID_HOSTNAME = "ssl_invalid_hostname"
INVALID_CERTIFICATE = "ssl_invalid_certificate"
FAILED_HANDSHAKE = "ssl_failed_handshake"
INVALID_REDIRECT = "http_invalid_redirect_location_host"
REQUEST_FAILED = "http_request_failed"
INCOMPATIBLE_VERSION = "quic_incompatible_version"

ERRNOS = {
    errno.EACCES: "permission_denied",
    errno.EADDRINUSE: "address_in_use",
    errno.EADDRNOTAVAIL: "address_not_available",
    errno.EAFNOSUPPORT: "address_family_not_supported",
    errno.EAGAIN: "operation_would_block",
    errno.EALREADY: "connection_already_in_progress",
    errno.EBADF: "bad_file_descriptor",
    errno.ECONNABORTED: "connection_aborted",
    errno.ECONNREFUSED: REFUSED,
    errno.ECONNRESET: RESET,
    errno.EDESTADDRREQ: "destination_address_required",
    errno.EFAULT: "bad_address",
    errno.EHOSTDOWN: HOST_UNREACHABLE,
    errno.EHOSTUNREACH: HOST_UNREACHABLE,
    errno.EINTR: "interrupted",
    errno.EINVAL: "invalid_argument",
    errno.EISCONN: "already_connected",
    errno.EMFILE: "no_buffer_space",  # our own shortage, like the next three: never the path's
    errno.ENFILE: "no_buffer_space",
    errno.ENOBUFS: "no_buffer_space",
    errno.ENOMEM: "no_buffer_space",
    errno.EMSGSIZE: "message_size",
    errno.ENETDOWN: "network_down",
    errno.ENETRESET: "network_reset",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENONET: "network_unreachable",  # a router's ICMP: source host isolated
    errno.ENOPROTOOPT: "no_protocol_option",
    errno.ENOTCONN: "not_connected",
    errno.ENOTSOCK: "not_a_socket",
    errno.EOPNOTSUPP: "network_unreachable",  # a router's ICMP: source route failed
    errno.EPERM: "permission_denied",
    errno.EPIPE: RESET,  # a write after the peer's RST was already reported to an earlier call
    errno.EPROTONOSUPPORT: "protocol_not_supported",
    errno.EPROTOTYPE: "wrong_protocol_type",
    errno.ETIMEDOUT: TIMEOUT,
}

VERIFY_CODES = {
    2: UNKNOWN_AUTHORITY,  # unable to get issuer certificate
    18: UNKNOWN_AUTHORITY,  # self-signed leaf
    19: UNKNOWN_AUTHORITY,  # self-signed certificate in the chain
    20: UNKNOWN_AUTHORITY,  # unable to get local issuer certificate
    21: UNKNOWN_AUTHORITY,  # unable to verify the first certificate
    27: UNKNOWN_AUTHORITY,  # certificate not trusted
    62: INVALID_HOSTNAME,
    64: INVALID_HOSTNAME,  # IP address mismatch
}
"""X509_V_ERR numbers; any other refusal of a certificate is `ssl_invalid_certificate`."""

ALERTS = {
    "SSLV3_ALERT_UNEXPECTED_MESSAGE": 10,
    "SSLV3_ALERT_BAD_RECORD_MAC": 20,
    "TLSV1_ALERT_DECRYPTION_FAILED": 21,
    "TLSV1_ALERT_RECORD_OVERFLOW": 22,
    "SSLV3_ALERT_DECOMPRESSION_FAILURE": 30,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": 40,
    "SSLV3_ALERT_NO_CERTIFICATE": 41,
    "SSLV3_ALERT_BAD_CERTIFICATE": 42,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": 43,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": 44,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": 45,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": 46,
    "SSLV3_ALERT_ILLEGAL_PARAMETER": 47,
    "TLSV1_ALERT_UNKNOWN_CA": 48,
    "TLSV1_ALERT_ACCESS_DENIED": 49,
    "TLSV1_ALERT_DECODE_ERROR": 50,
    "TLSV1_ALERT_DECRYPT_ERROR": 51,
    "TLSV1_ALERT_EXPORT_RESTRICTION": 60,
    "TLSV1_ALERT_PROTOCOL_VERSION": 70,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": 71,
    "TLSV1_ALERT_INTERNAL_ERROR": 80,
    "TLSV1_ALERT_INAPPROPRIATE_FALLBACK": 86,
    "TLSV1_ALERT_USER_CANCELLED": 90,
    "TLSV1_ALERT_NO_RENEGOTIATION": 100,
    "TLSV13_ALERT_MISSING_EXTENSION": 109,
    "TLSV1_UNSUPPORTED_EXTENSION": 110,
    "TLSV1_CERTIFICATE_UNOBTAINABLE": 111,
    "TLSV1_UNRECOGNIZED_NAME": 112,
    "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE": 113,
    "TLSV1_BAD_CERTIFICATE_HASH_VALUE": 114,
    "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY": 115,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": 116,
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": 120,
}
"""OpenSSL's words for a fatal alert that the other end sent, and its number in RFC 8446."""

_ALERT_IN_WORDS = re.compile(r"\] ((?:ssl|tls)v\d+ alert [a-z ]+) \(")

ALERT_NAMES = {112: INVALID_HOSTNAME}
"""Alerts that say more than a failed handshake."""

REASONS = {"UNEXPECTED_EOF_WHILE_READING": EOF}
"""OpenSSL's other words that are not simply a failed handshake."""

QUIC_CODES = {0x02: REFUSED}
"""Of a CONNECTION_CLOSE (RFC 9000, section 20.1); any other is a failed handshake."""
CRYPTO_ERRORS = range(0x100, 0x200)
"""Such a code is a TLS alert and this much more (RFC 9001, section 4.8)."""

RCODES = {2: SERVFAIL, 3: NXDOMAIN, 5: DNS_REFUSED}
"""RFC 1035, section 4.1.1; any other rcode but 0 is `dns_server_misbehaving`."""

LONGEST_DETAIL = 200

CONTROLS = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
"""Characters that would move a reader's cursor or turn the direction of what follows, left out."""


class StepError(Exception):
    """A step failed in a way that only we can name: it carries its Failure."""

    def __init__(self, name: str, detail: str = "", alert: int | None = None) -> None:
        super().__init__(name, detail)
        self.failure = Failure(name=name, alert=alert, detail=_words(detail))


CAUGHT = (OSError, EOFError, StepError, HttpParserError, HttpParserUpgrade)
"""All that the network can raise in a step; anything else is a bug and must crash."""


def classify(error: BaseException) -> Failure:
    """Name any error; a stranger becomes `unknown_failure: …`."""
    match error:
        case StepError():
            return error.failure
        case ssl.SSLError():
            return _of_ssl(error)
        case OSError():
            return _of_kernel(error)
        case _:
            return _of_words(error)


def of_rcode(rcode: int) -> Failure | None:
    """Name a DNS answer's rcode; None for NOERROR."""
    if rcode == 0:
        return None
    return Failure(name=RCODES.get(rcode, MISBEHAVING), detail=f"rcode {rcode}")


def of_close(code: int, reason: str) -> StepError:
    """Name the other end's refusal of a QUIC connection."""
    alert = code - CRYPTO_ERRORS.start if code in CRYPTO_ERRORS else None
    known = ALERT_NAMES if alert is not None else QUIC_CODES
    name = known.get(code if alert is None else alert, FAILED_HANDSHAKE)
    return StepError(name, reason or f"closed with code {code:#x}", alert)


def _of_kernel(error: OSError) -> Failure:
    words = _words(error.strerror or str(error))
    match error.errno:
        case int(number) if number in ERRNOS:
            return Failure(name=ERRNOS[number], errno=number, detail=words)
        case None if isinstance(error, TimeoutError):
            return Failure(name=TIMEOUT, detail=words or "our deadline passed")
        case None if isinstance(error, ConnectionError):
            return Failure(name=EOF, detail=words)
    return _unknown(error)


def _of_ssl(error: ssl.SSLError) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failure(name=EOF, detail=_words(str(error)))
    reason = str(getattr(error, "reason", None) or _unnamed(error))
    alert = ALERTS.get(reason)
    name = FAILED_HANDSHAKE if alert is None else ALERT_NAMES.get(alert, FAILED_HANDSHAKE)
    return Failure(
        name=REASONS.get(reason, name), alert=alert, detail=_words(reason or str(error))
    )


def _unnamed(error: ssl.SSLError) -> str:
    """Make the name of a reason that is newer than Python's table, from OpenSSL's words."""
    found = _ALERT_IN_WORDS.search(str(error))
    return found.group(1).upper().replace(" ", "_") if found else ""


def _of_certificate(error: ssl.SSLCertVerificationError) -> Failure:
    code = getattr(error, "verify_code", None)
    words = str(getattr(error, "verify_message", None) or error)
    name = VERIFY_CODES.get(code, INVALID_CERTIFICATE) if code else INVALID_CERTIFICATE
    return Failure(name=name, verify=code, detail=_words(words))


def _of_words(error: BaseException) -> Failure:
    if isinstance(error, EOFError):
        return Failure(name=EOF, detail=_words(str(error)))
    if isinstance(error, HttpParserUpgrade):  # its text is an offset
        return Failure(name=REQUEST_FAILED, detail="it goes over to a protocol nobody asked for")
    if isinstance(error, HttpParserError):
        return Failure(name=REQUEST_FAILED, detail=_words(str(error)))
    return _unknown(error)


def _unknown(error: BaseException) -> Failure:
    text, number = str(error), None
    if isinstance(error, OSError) and isinstance(error.errno, int):
        text, number = error.strerror or text, error.errno
    words = _words(text) or type(error).__name__
    return Failure(name=f"unknown_failure: {words}", errno=number)


def _words(text: str) -> str:
    return " ".join(scrub(text).split()).translate(CONTROLS)[:LONGEST_DETAIL]
