"""How well the vantage is, from the latest runs of its controls. Pure.

A reason is named only for what is wrong with the vantage itself. Foreign controls that all fail
while domestic ones are well is a fact for the judge, not a fault of the vantage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from probe.measure.failure import BOGON, UNKNOWN_AUTHORITY
from probe.measure.outcome import Outcome, outcome
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Health,
    HttpExchange,
    Layer,
    Observation,
    Reach,
    Tally,
    TcpConnect,
    TlsHandshake,
)

UNREACHABLE = frozenset({"network_unreachable", "host_unreachable", "network_down"})
NO_ROUTE = UNREACHABLE | {"address_not_available", "address_family_not_supported"}
VERIFY_CLOCK = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""
SKEW_SECONDS = 120.0
"""A measurement whose time is further off than this is counted into the wrong round."""
SEVERAL = 2
"""One control's fault is its own."""
EXIT_CHANGED = "exit_changed"


@dataclass(frozen=True)
class Checked:
    """One control's latest run."""

    reach: Reach
    observations: tuple[Observation, ...]

    @cached_property
    def came(self) -> Outcome:
        return outcome(self.observations)

    @cached_property
    def lookups(self) -> tuple[DnsLookup, ...]:
        """Of the chain itself, as are the handshakes."""
        plain = (seen for seen in self.observations if seen.test is None)
        return tuple(seen for seen in plain if isinstance(seen, DnsLookup))

    @cached_property
    def shaken(self) -> tuple[TlsHandshake, ...]:
        plain = (seen for seen in self.observations if seen.test is None)
        return tuple(seen for seen in plain if isinstance(seen, TlsHandshake))

    @cached_property
    def skew(self) -> float | None:
        """Seconds by which this clock is behind the control's; None where that does not tell."""
        return _skew(self)


def health(checked: Sequence[Checked], *, moved: bool = False) -> Health:
    """Say how well the vantage is; `moved`: it leaves by another network than it should."""
    wrong = next((name for name, fits in REASONS if checked and fits(checked)), "")
    return Health(
        domestic=_tally(checked, Reach.DOMESTIC),
        foreign=_tally(checked, Reach.FOREIGN),
        # What spoils everything goes before what may be the network's own doing.
        reason=EXIT_CHANGED if moved and wrong in {"", "ipv6_broken"} else wrong,
    )


def _tally(checked: Sequence[Checked], reach: Reach) -> Tally:
    runs = [control.came.success for control in checked if control.reach is reach]
    return Tally(ok=sum(runs), of=len(runs))


# ── the reasons, first match wins ────────────────────────────────────────────────────────────


def _resolver_broken(checked: Sequence[Checked]) -> bool:
    """No name resolves, though the network carries something or another resolver answers."""
    named = [control for control in checked if control.lookups]
    if not named or any(not _failed_at_dns(control) for control in named):
        return False
    other = [seen for control in named for seen in _second(control)]
    literal_ok = any(control.came.success for control in checked if not control.lookups)
    if literal_ok or any(seen.failure is None or seen.rcode is not None for seen in other):
        return True
    return not other and not _no_network(named)


def _offline(checked: Sequence[Checked]) -> bool:
    ends = [control.came for control in checked]
    return all(
        not end.success and end.layer in {Layer.DNS, Layer.TCP} for end in ends
    ) and not any(map(_answered_in_clear, checked))


def _clock_wrong(checked: Sequence[Checked]) -> bool:
    """No handshake verifies, and all for the certificates' dates; or all answers are dated so."""
    shaken = _shaken(checked)
    dates = [s for s in shaken if s.failure is not None and s.failure.verify in VERIFY_CLOCK]
    return (len(dates) > 1 and len(dates) == len(shaken)) or _misdated(checked)


def _misdated(checked: Sequence[Checked]) -> bool:
    """By the Date of each control's answer over TLS, less its Age in a cache (RFC 9110, 9111)."""
    off = [skew for control in checked if (skew := control.skew) is not None]
    if len(off) < SEVERAL or min(map(abs, off)) <= SKEW_SECONDS:
        return False
    return min(off) > 0 or max(off) < 0


def _skew(control: Checked) -> float | None:
    if not control.came.success:
        return None
    for seen in control.observations:
        if isinstance(seen, HttpExchange) and not seen.test and seen.url.startswith("https:"):
            told = {header.name.lower(): header.value for header in seen.headers}
            dated = _date(told.get("date", ""))
            age = told.get("age", "0")
            if dated is not None and age.isdecimal():
                return (dated - seen.at).total_seconds() + int(age[:9]) - seen.first_byte
    return None


def _date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def _intercepted(checked: Sequence[Checked]) -> bool:
    """A proxy on the vantage's own side: every name has a certificate of one unknown authority."""
    issuers, leaves = _strangers(checked)
    return len(issuers) == 1 and len(leaves) >= SEVERAL


def _trust_broken(checked: Sequence[Checked]) -> bool:
    """No certificate is trusted, whoever issued it: it is the own list of roots that is wrong."""
    return len(_strangers(checked)[0]) >= SEVERAL


def _strangers(checked: Sequence[Checked]) -> tuple[set[str], set[str]]:
    """Give issuers and leaves where all handshakes, with several names, fail for the authority."""
    shaken = _shaken(checked)
    refused = [s for s in shaken if s.failure is not None and s.failure.name == UNKNOWN_AUTHORITY]
    named = {seen.server_name for seen in refused}
    if len(refused) < len(shaken) or len(named) < SEVERAL:
        return set(), set()
    shown = [seen.chain[0] for seen in refused if seen.chain]
    return {one.issuer for one in shown}, {one.sha256 for one in shown}


def _shaken(checked: Sequence[Checked]) -> list[TlsHandshake]:
    return [seen for control in checked for seen in control.shaken]


def _captive_portal(checked: Sequence[Checked]) -> bool:
    """Nothing answers as it should, and at least half, or all pages in the clear, are another's.

    What is sealed many portals only drop.
    """
    if any(control.came.success for control in checked):
        return False
    other = [control for control in checked if _answered_otherwise(control)]
    clear = [control for control in checked if _answered_in_clear(control)]
    all_clear = all(control in other for control in clear)
    return len(other) >= SEVERAL and (all_clear or 2 * len(other) >= len(checked))


def _ipv6_broken(checked: Sequence[Checked]) -> bool:
    """IPv6 has a route and yet carries nothing, while IPv4 does."""
    tried = [
        seen
        for control in checked
        for seen in control.observations
        if isinstance(seen, TcpConnect)
        and seen.test is None
        and not (seen.failure and seen.failure.name in NO_ROUTE)
    ]
    six = [seen for seen in tried if ":" in seen.address]
    four = [seen for seen in tried if ":" not in seen.address]
    return (
        len(six) > 1
        and all(seen.failure for seen in six)
        and any(seen.failure is None for seen in four)
    )


REASONS: tuple[tuple[str, Callable[[Sequence[Checked]], bool]], ...] = (
    ("resolver_broken", _resolver_broken),
    ("offline", _offline),
    ("clock_wrong", _clock_wrong),
    ("tls_intercepted", _intercepted),
    ("trust_broken", _trust_broken),
    ("captive_portal", _captive_portal),
    ("ipv6_broken", _ipv6_broken),
)


NAMES = (*(name for name, _ in REASONS), EXIT_CHANGED)
"""All that can be wrong with a vantage."""


def _second(control: Checked) -> list[DnsLookup]:
    return [
        seen
        for seen in control.observations
        if isinstance(seen, DnsLookup) and seen.test is DifferentialTest.SECOND_RESOLVER
    ]


def _failed_at_dns(control: Checked) -> bool:
    came = control.came
    return not came.success and came.layer is Layer.DNS


def _no_network(controls: Sequence[Checked]) -> bool:
    return all(control.came.failure in UNREACHABLE for control in controls)


def _answered_otherwise(control: Checked) -> bool:
    if control.came.layer is Layer.HTTP:
        return control.came.failure.startswith("expectation_")
    failed = [(seen, seen.failure) for seen in control.observations if seen.failure is not None]
    return any(
        (isinstance(seen, TlsHandshake) and failure.verify)
        or (
            seen.hop and not seen.test and failure.name == BOGON
        )  # to the portal's own page, on the local network
        for seen, failure in failed
    )


def _answered_in_clear(control: Checked) -> bool:
    return any(
        isinstance(seen, HttpExchange)
        and seen.status is not None
        and seen.url.startswith("http:")
        and seen.test is None
        for seen in control.observations
    )
