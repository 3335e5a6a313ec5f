"""What steps carry beside their outcome: words and numbers of failures, certificates, a policer's delays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from probe.lab.simulated.act import Act
from probe.measure.failure import FAILED_HANDSHAKE, INVALID_HOSTNAME, TIMEOUT
from probe.model import Certificate, Failure

EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The scenario's second 0."""
NOTICE_NAME = "notice.operator.net"
"""Whom its certificate is good for; redirects lead to its address."""
HANDSHAKE_BYTES = 3500
"""Of a TLS handshake, both ways, and a request."""
POLICING_BURST_BYTES = 8000
RECORD_BYTES = 4_096
RESEND_SECONDS = 0.2
"""The kernel's shortest wait before it sends again (TCP_RTO_MIN)."""

WORDS: dict[str, tuple[int | None, int | None, str]] = {
    TIMEOUT: (None, None, "our deadline passed"),
    "connection_reset": (104, None, "Connection reset by peer"),
    "connection_refused": (111, None, "Connection refused"),
    "host_unreachable": (113, None, "No route to host"),
    "network_unreachable": (101, None, "Network is unreachable"),
    "dns_nxdomain_error": (None, None, "rcode 3"),
    "dns_servfail_error": (None, None, "rcode 2"),
    "dns_refused_error": (None, None, "rcode 5"),
    "eof_error": (None, None, "the answer ended before it was whole"),
    FAILED_HANDSHAKE: (None, None, "NO_SHARED_CIPHER"),
    INVALID_HOSTNAME: (None, 62, "hostname mismatch"),
    "ssl_invalid_certificate": (None, 10, "certificate has expired"),
}
"""Errno, OpenSSL's number and words that the real failures carry."""


def moment(seconds: float) -> datetime:
    """The story's second as a time of day."""
    return EPOCH + timedelta(seconds=seconds)


def failure(name: str, verify: int | None = None) -> Failure | None:
    if not name:
        return None
    errno, number, detail = WORDS.get(name, (None, None, ""))
    return Failure(name=name, errno=errno, verify=verify or number, detail=detail)


@lru_cache(maxsize=4096)
def certificate(host: str, kind: str = "", issuer: str = "CN=Lab CA") -> Certificate:
    """Show a certificate of the lab's authority: good, or `expired` yesterday."""
    begins, ends = EPOCH - timedelta(days=60), EPOCH + timedelta(days=300)
    return Certificate(
        sha256=hashlib.sha256(f"{host} {issuer} {kind == 'expired'}".encode()).hexdigest(),
        subject=f"CN={host}",
        issuer=issuer,
        names=(host,),
        not_before=begins,
        not_after=EPOCH - timedelta(days=1) if kind == "expired" else ends,
    )


FALSE = certificate(NOTICE_NAME)


def policed(acts: Sequence[Act], size: int) -> tuple[float, float]:
    """Seconds that a policer adds until the first bytes can be read, and until the last.

    What is past the burst is dropped and sent again, and a TLS record is read whole or not at all.
    """
    rate = next((act.rate for act in acts if act.rate), 0.0)
    past = size + HANDSHAKE_BYTES - POLICING_BURST_BYTES
    if not rate or past <= 0:
        return 0.0, 0.0
    first = max(0, min(size, RECORD_BYTES) + HANDSHAKE_BYTES - POLICING_BURST_BYTES)
    return (RESEND_SECONDS + first / rate if first else 0.0), RESEND_SECONDS + past / rate
