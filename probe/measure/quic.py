"""The QUIC step: one handshake over datagrams of ours, for HTTP/3, driven without I/O.

It needs the extra `quic`, and is imported where the test is made. Certificates are judged as those
over TCP are: by the roots of the same context, and by OpenSSL's numbers.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from contextlib import suppress
from functools import lru_cache

import service_identity
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto
from service_identity.cryptography import verify_certificate_hostname

from probe.clock import Clock
from probe.measure import certificate
from probe.measure.dial import Datagrams
from probe.measure.failure import (
    BOGON,
    FAILED_HANDSHAKE,
    INCOMPATIBLE_VERSION,
    VERIFY_CODES,
    StepError,
    of_close,
)
from probe.measure.instruments import Instruments
from probe.measure.step import Mark, timed
from probe.measure.tls import Peer
from probe.model import Certificate, QuicHandshake

HTTP_3 = ("h3",)
NO_ERROR = 0x100
"""H3_NO_ERROR (RFC 9114, section 8.1)."""
MOST_DATAGRAMS = 500
"""A handshake with a long chain takes a dozen."""
LONGEST_DATAGRAM = 2048
"""What is longer than a packet that any way carries whole is not looked at."""
NUMBERS = {1: "1", 0x6B3343CF: "2"}
"""Versions by their number on the wire (RFC 9000, RFC 9369)."""
NO_VERSION = "Could not find a common protocol version"
"""In aioquic's words."""
WRONG_NAME = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH."""

# What it warns of is the network's doing, and stands in the observation.
logging.getLogger("quic").setLevel(logging.CRITICAL + 1)


class _Connection(QuicConnection):
    """Knows whether it was this end that closed it: aioquic tells of both alike."""

    closed_here = False

    def close(
        self,
        error_code: int = NO_ERROR,
        frame_type: int | None = None,
        reason_phrase: str = "",
    ) -> None:
        self.closed_here = True
        super().close(error_code, frame_type, reason_phrase)


class Shaking:
    """One client's handshake: datagrams in and out, told the time. Raises StepError where it ends."""

    def __init__(self, peer: Peer) -> None:
        # Verified by ourselves: aioquic says of a refusal neither which it was, nor whose.
        wanted = QuicConfiguration(
            alpn_protocols=[*HTTP_3], server_name=peer.server_name, verify_mode=ssl.CERT_NONE
        )
        self._connection = _Connection(configuration=wanted)
        self._peer = (peer.address, peer.port)
        self._left, self._begun = MOST_DATAGRAMS, False
        self.shaken: HandshakeCompleted | None = None

    def begin(self, now: float) -> None:
        self._begun = True
        self._connection.connect(self._peer, now)

    def feed(self, data: bytes, now: float) -> None:
        self._left -= 1
        if self._left < 0:
            raise StepError(FAILED_HANDSHAKE, f"more than {MOST_DATAGRAMS} datagrams came")
        if len(data) <= LONGEST_DATAGRAM:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # odd certificates are the interesting ones
                    self._connection.receive_datagram(data, self._peer, now)
            except Exception as error:  # whatever it trips over is what came
                raise StepError(FAILED_HANDSHAKE, f"unreadable: {type(error).__name__}") from error
        self._heed()

    def due(self) -> float | None:
        """When time itself calls for something."""
        return self._connection.get_timer()

    def pass_time(self, now: float) -> None:
        self._connection.handle_timer(now)
        self._heed()

    def send(self, now: float) -> list[bytes]:
        return [data for data, _ in self._connection.datagrams_to_send(now)]

    def end(self) -> None:
        self._connection.close()

    def presented(self) -> list[x509.Certificate]:
        """Give the chain, leaf first; empty where none came."""
        if not self._begun:
            return []
        shown = self._connection.tls
        leaf = shown._peer_certificate  # noqa: SLF001 — it has no public name
        return [leaf, *shown._peer_certificate_chain] if leaf else []  # noqa: SLF001

    @property
    def version(self) -> str:
        number = self._connection._version or 0  # noqa: SLF001 — as above
        return NUMBERS.get(number, f"{number:x}")

    def _heed(self) -> None:
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                self.shaken = event
            elif isinstance(event, ConnectionTerminated) and self.shaken is None:
                raise self._ended(event)

    def _ended(self, event: ConnectionTerminated) -> StepError:
        if self._connection.closed_here:
            return StepError(FAILED_HANDSHAKE, event.reason_phrase)
        if event.reason_phrase == NO_VERSION:
            return StepError(INCOMPATIBLE_VERSION, event.reason_phrase)
        return of_close(event.error_code, event.reason_phrase)


async def shake(
    peer: Peer, tools: Instruments, mark: Mark, *, verify: bool = True
) -> QuicHandshake:
    """Shake hands over QUIC, and end it."""
    shaking = Shaking(peer)
    limit = tools.limit(tools.settings.tls_timeout)
    roots = tools.verifying if verify else None
    done = await timed(_shaken(shaking, peer, roots, tools), limit, tools.clock)
    return QuicHandshake(
        at=done.at,
        took=done.took,
        failure=done.failure,
        hop=mark.hop,
        test=mark.test,
        address=peer.address,
        port=peer.port,
        server_name=peer.server_name,
        version=shaking.version if shaking.shaken else "",
        alpn=(shaking.shaken.alpn_protocol or "") if shaking.shaken else "",
        chain=_read(shaking),
    )


async def _shaken(
    shaking: Shaking, peer: Peer, roots: ssl.SSLContext | None, tools: Instruments
) -> None:
    if tools.forbids(peer.address):
        raise StepError(BOGON, "a private address is never spoken to")
    datagrams = tools.dialer.datagrams(peer.address, peer.port)
    try:
        shaking.begin(tools.clock.monotonic())
        while shaking.shaken is None:
            await _turn(shaking, datagrams, tools.clock)
        if roots is not None:
            verify_chain(shaking.presented(), peer.server_name, roots)
    finally:
        if shaking.shaken is not None:
            shaking.end()
            with suppress(OSError):
                await _flush(shaking, datagrams, tools.clock)
        datagrams.close()


async def _turn(shaking: Shaking, datagrams: Datagrams, clock: Clock) -> None:
    """Send what there is, and wait for a datagram or for the time to do something."""
    await _flush(shaking, datagrams, clock)
    due = shaking.due()
    wait = None if due is None else max(0.0, due - clock.monotonic())
    try:
        async with asyncio.timeout(wait):
            data = await datagrams.receive()
    except TimeoutError as error:
        if error.errno is not None:  # the kernel's
            raise
        shaking.pass_time(clock.monotonic())
    else:
        shaking.feed(data, clock.monotonic())


async def _flush(shaking: Shaking, datagrams: Datagrams, clock: Clock) -> None:
    for data in shaking.send(clock.monotonic()):
        await datagrams.send(data)


def _read(shaking: Shaking) -> tuple[Certificate, ...]:
    ders = [one.public_bytes(Encoding.DER) for one in shaking.presented()[: certificate.MOST]]
    return tuple(found for der in ders for found in (certificate.from_der(der),) if found)


def verify_chain(chain: list[x509.Certificate], name: str, roots: ssl.SSLContext) -> None:
    """Raise SSLCertVerificationError as OpenSSL does in a handshake: who, for whom, then when."""
    code, words = _chain_error(chain, _store(roots))
    if code not in VERIFY_CODES and not _is_for(chain[0], name):
        code, words = WRONG_NAME, f"hostname mismatch, certificate is not valid for '{name}'"
    if code:
        error = ssl.SSLCertVerificationError(words)
        error.verify_code, error.verify_message = code, words
        raise error


def _chain_error(chain: list[x509.Certificate], store: crypto.X509Store) -> tuple[int, str]:
    leaf, *others = map(crypto.X509.from_cryptography, chain)
    try:
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        return int(error.errors[0]), str(error.errors[2])
    return 0, ""


@lru_cache(4)
def _store(roots: ssl.SSLContext) -> crypto.X509Store:
    store = crypto.X509Store()
    for der in roots.get_ca_certs(binary_form=True):
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
    return store


def _is_for(leaf: x509.Certificate, name: str) -> bool:
    try:
        verify_certificate_hostname(leaf, name)
    except (service_identity.CertificateError, service_identity.VerificationError, ValueError):
        return False
    return True
