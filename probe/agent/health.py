"""How well the vantage is, from the latest runs of its controls. Pure.

A reason is named only for what is wrong with the vantage itself. Foreign controls that all fail
while domestic ones are well is a fact for the judge, not a fault of the vantage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probe.measure.outcome import Outcome, outcome
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Health,
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


@dataclass(frozen=True)
class Checked:
    """One control's latest run."""

    reach: Reach
    observations: tuple[Observation, ...]

    @property
    def came(self) -> Outcome:
        return outcome(self.observations)


def health(checked: Sequence[Checked]) -> Health:
    return Health(
        domestic=_tally(checked, Reach.DOMESTIC),
        foreign=_tally(checked, Reach.FOREIGN),
        reason=next((name for name, fits in REASONS if checked and fits(checked)), ""),
    )


def _tally(checked: Sequence[Checked], reach: Reach) -> Tally:
    runs = [control.came.success for control in checked if control.reach is reach]
    return Tally(ok=sum(runs), of=len(runs))


# ── the reasons, first match wins ────────────────────────────────────────────────────────────


def _resolver_broken(checked: Sequence[Checked]) -> bool:
    """No name resolves, though the network carries something or another resolver answers."""
    named = [control for control in checked if _lookups(control)]
    if not named or any(not _failed_at_dns(control) for control in named):
        return False
    other = [seen for control in named for seen in _second(control)]
    literal_ok = any(control.came.success for control in checked if not _lookups(control))
    if literal_ok or any(seen.failure is None or seen.rcode is not None for seen in other):
        return True
    return not other and not _no_network(named)


def _offline(checked: Sequence[Checked]) -> bool:
    ends = [control.came for control in checked]
    return all(not end.success and end.layer in {Layer.DNS, Layer.TCP} for end in ends)


def _clock_wrong(checked: Sequence[Checked]) -> bool:
    """No handshake verifies, and all for the certificates' dates."""
    shaken = [
        seen
        for control in checked
        for seen in control.observations
        if isinstance(seen, TlsHandshake) and seen.test is None
    ]
    dates = [s for s in shaken if s.failure is not None and s.failure.verify in VERIFY_CLOCK]
    return len(dates) > 1 and len(dates) == len(shaken)


def _captive_portal(checked: Sequence[Checked]) -> bool:
    """Nothing answers as it should, and at least half answer as something else."""
    ends = [control.came for control in checked]
    if any(end.success for end in ends):
        return False
    other = sum(_answered_otherwise(control) for control in checked)
    return other > 1 and 2 * other >= len(ends)


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
    ("captive_portal", _captive_portal),
    ("ipv6_broken", _ipv6_broken),
)


def _lookups(control: Checked) -> list[DnsLookup]:
    return [s for s in control.observations if isinstance(s, DnsLookup) and s.test is None]


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
    return any(
        isinstance(seen, TlsHandshake) and seen.failure is not None and seen.failure.verify
        for seen in control.observations
    )
