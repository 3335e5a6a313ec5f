"""What every step works with: the network seam, the clock, limits, trust, resolvers, dice."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from random import Random, SystemRandom
from typing import TypeVar

from probe.clock import Clock
from probe.config import fingerprint
from probe.config.load import ConfigError
from probe.config.shape import Measuring
from probe.measure.bogon import Network, is_bogon, networks
from probe.measure.dial import Dialer, SystemDialer
from probe.measure.fingerprint import Fingerprints
from probe.measure.resolver import Resolver, Server, several
from probe.measure.restraint import Aftermath, Budget, Residue

Given = TypeVar("Given")
Value = TypeVar("Value")

WEB = ("http/1.1",)
NO_FINGERPRINTS = Fingerprints()
USER_AGENT = "worksforwhom/0.1 (reachability measurement)"

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # BSDs, macOS
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruments:
    dialer: Dialer
    clock: Clock
    settings: Measuring
    resolver: Resolver
    second: tuple[Server, ...]
    """Asked in the second-resolver test."""
    verifying: ssl.SSLContext
    """The one context of all handshakes that count."""
    sealing: Callable[[], ssl.SSLContext]
    """The same for DNS over TLS: a resolver may refuse who wants to speak HTTP."""
    accepting: ssl.SSLContext
    """Takes any certificate: for tests that ask only whether a ServerHello comes."""
    allowed: tuple[Network, ...]
    """Private networks that may be probed all the same."""
    random: Random
    """Orders addresses."""
    fingerprints: Fingerprints = NO_FINGERPRINTS
    """Of known block notices."""
    budget: Budget = field(default_factory=lambda: Budget(1_000_000))
    """Of differential tests."""
    residue: Residue = field(default_factory=lambda: Residue(0.0))
    """Where at a server of ours not to test yet."""
    aftermath: Aftermath = field(default_factory=lambda: Aftermath(0.0))
    """Which controls are owed to addresses that are left alone until then."""
    until: float = math.inf
    """By the monotonic clock: what runs then has timed out."""
    forbids: Callable[[str], bool] = field(init=False, repr=False)
    """Whether an address is never connected to."""
    patience: float = field(init=False, repr=False)
    """Seconds of one hop at its slowest, after which no redirect is followed: a few sites that are
    as slow as may be, again and again, would keep others from their turns."""
    curious: bool = field(init=False, repr=False)
    """Whether there is anything to be tried where nothing fails."""

    def __post_init__(self) -> None:
        """Work out what every probe asks for."""
        limits = (self.settings.dns_timeout, self.settings.connect_timeout)
        slowest = sum((*limits, self.settings.tls_timeout, self.settings.http_timeout))
        encrypted = any(one.encrypted for one in self.second)
        # By the address alone: to hash the networks beside it costs more than all the rest.
        forbids = lru_cache(4096)(partial(is_bogon, allowed=self.allowed))
        object.__setattr__(self, "forbids", forbids)
        object.__setattr__(self, "patience", slowest)
        object.__setattr__(self, "curious", self.settings.reference is not None or encrypted)

    def limit(self, seconds: float) -> float:
        """Shorten a step's time to what is left until then."""
        if self.until == math.inf:
            return seconds
        return min(seconds, max(0.0, self.until - self.clock.monotonic()))

    @property
    def user_agent(self) -> str:
        return self.settings.user_agent or USER_AGENT


def instruments(settings: Measuring, clock: Clock) -> Instruments:
    """Make ready to measure over the kernel's network. Raises ConfigError."""
    second = _read("second_resolver", settings.second_resolver, several)
    return Instruments(
        dialer=SystemDialer(),
        clock=clock,
        settings=settings,
        resolver=_read("resolver", settings.resolver, Resolver),
        second=second,
        verifying=_verifying(settings.trust),
        sealing=cache(partial(_verifying, settings.trust, protocols=())),
        accepting=_accepting(),
        allowed=_read("allow_private", settings.allow_private, networks),
        random=SystemRandom(),
        budget=Budget(settings.tests_per_minute),
        residue=Residue(settings.residual),
        aftermath=Aftermath(settings.residual if settings.neutral_name else 0.0),
        fingerprints=Fingerprints(fingerprint.load(settings.fingerprints).patterns),
    )


def bundle() -> str:
    """Find the system's file of trusted roots; empty when there is none."""
    candidates = (ssl.get_default_verify_paths().cafile, *BUNDLES)
    return next((path for path in candidates if path and Path(path).is_file()), "")


def _verifying(trust: str, protocols: Sequence[str] = WEB) -> ssl.SSLContext:
    # Bare, with a bundle file: create_default_context() looks each unknown issuer up in a
    # directory, which costs a third more and blocks the loop, for the very cases of interest.
    context = _bare(protocols)
    path = trust or bundle()
    if not path:
        raise ConfigError("measuring.trust: no system bundle of roots found; name a PEM file")
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ConfigError(f"measuring.trust: {path} is not a PEM bundle of certificates") from None
    except OSError as error:
        raise ConfigError(f"measuring.trust: {path} cannot be read: {error.strerror}") from None
    return context


def _accepting() -> ssl.SSLContext:
    context = _bare()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _bare(protocols: Sequence[str] = WEB) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def _read(name: str, text: Given, reader: Callable[[Given], Value]) -> Value:
    try:
        return reader(text)
    except ValueError as error:
        raise ConfigError(f"measuring.{name}: {error}") from None
