"""How each cause shows itself: emission tables, priors, and how far a cause reaches.

The numbers start from OONI's weights and attribution.md, sections 7.3 and 7.4. Priors are those
of a feature in a country at a moment, whose failure somebody asks about, not of an hour.
"""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec

from probe.judge.row import Category
from probe.model import Cause

_C = Category
COUNTED = tuple(category for category in Category if category is not Category.NOTHING)
FLOOR = 0.03
"""Share of every emission that is spread over all categories: nothing is impossible."""

Counts = tuple[tuple[Category, int], ...]
"""Sorted, without zeros: one vantage's sights by category."""


class Form(msgspec.Struct, frozen=True, eq=False):
    """One way in which a cause shows itself."""

    cause: Cause
    name: str
    share: float
    """Of the cause's cases."""
    mean: dict[Category, float]
    mass: float = 2.0
    """Dirichlet concentration: the smaller, the more a vantage's rounds repeat each other."""


FORMS: tuple[Form, ...] = (
    Form(Cause.SERVICE_OUTAGE, "error", 0.30, {_C.SERVER_ERROR: 0.80, _C.APP_ERROR: 0.10, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "application", 0.20, {_C.APP_ERROR: 0.80, _C.REFUSED: 0.08, _C.SERVER_ERROR: 0.05, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "refusal", 0.10, {_C.REFUSED: 0.80, _C.APP_ERROR: 0.12, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "silence", 0.12, {_C.HTTP_TIMEOUT: 0.60, _C.HTTP_RESET: 0.25, _C.SERVER_ERROR: 0.05, _C.TLS_TIMEOUT: 0.05, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "connection", 0.12, {_C.TCP_TIMEOUT: 0.45, _C.TCP_RESET: 0.20, _C.TLS_RESET: 0.10, _C.TLS_TIMEOUT: 0.10, _C.UNREACHABLE: 0.05, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "names", 0.06, {_C.DNS_RCODE: 0.60, _C.DNS_TIMEOUT: 0.32, _C.OK: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "certificate", 0.05, {_C.BAD_CERTIFICATE: 0.90, _C.OTHER: 0.05}),
    Form(Cause.SERVICE_OUTAGE, "slowness", 0.05, {_C.SLOW: 0.75, _C.HTTP_TIMEOUT: 0.12, _C.OK: 0.10}),
    Form(Cause.FILTERING, "dns", 0.30, {_C.DNS_FORGED: 0.50, _C.DNS_RCODE: 0.30, _C.DNS_TIMEOUT: 0.17}),
    Form(Cause.FILTERING, "ip", 0.16, {_C.TCP_TIMEOUT: 0.80, _C.UNREACHABLE: 0.16}),
    Form(Cause.FILTERING, "tcp", 0.06, {_C.TCP_RESET: 0.90, _C.TLS_RESET: 0.04}),
    Form(Cause.FILTERING, "tls", 0.28, {_C.TLS_RESET: 0.55, _C.TLS_TIMEOUT: 0.38, _C.TCP_RESET: 0.03}),
    Form(Cause.FILTERING, "http", 0.12, {_C.BLOCK_PAGE: 0.70, _C.HTTP_RESET: 0.15, _C.HTTP_TIMEOUT: 0.08, _C.OTHER: 0.05}),
    Form(Cause.FILTERING, "certificate", 0.08, {_C.FALSE_CERTIFICATE: 0.92}),
    Form(Cause.THROTTLING, "pace", 1.0, {_C.SLOW: 0.72, _C.HTTP_TIMEOUT: 0.12, _C.TLS_TIMEOUT: 0.08, _C.OK: 0.05}),
    Form(Cause.GEO_BLOCK, "refusal", 0.68, {_C.REFUSED: 0.92, _C.APP_ERROR: 0.03}),
    Form(Cause.GEO_BLOCK, "words", 0.25, {_C.BARRED: 0.92, _C.APP_ERROR: 0.03}),
    Form(Cause.GEO_BLOCK, "packets", 0.04, {_C.TCP_TIMEOUT: 0.80, _C.UNREACHABLE: 0.08, _C.TCP_RESET: 0.08}),
    Form(Cause.GEO_BLOCK, "names", 0.03, {_C.DNS_RCODE: 0.94}),
    Form(Cause.NETWORK_DISRUPTION, "loss", 1.0, {_C.TCP_TIMEOUT: 0.35, _C.DNS_TIMEOUT: 0.22, _C.UNREACHABLE: 0.12, _C.TLS_TIMEOUT: 0.10, _C.HTTP_TIMEOUT: 0.10, _C.SLOW: 0.05}),
    Form(Cause.LOCAL_FAULT, "any", 1.0, {_C.DNS_TIMEOUT: 0.16, _C.DNS_RCODE: 0.13, _C.TCP_TIMEOUT: 0.18, _C.TLS_RESET: 0.08, _C.TLS_TIMEOUT: 0.06, _C.UNREACHABLE: 0.08, _C.FALSE_CERTIFICATE: 0.06, _C.HTTP_TIMEOUT: 0.05, _C.HTTP_RESET: 0.04, _C.SLOW: 0.05, _C.OTHER: 0.05, _C.OK: 0.04}),
)  # fmt: skip

WELL = Form(
    Cause.OK,
    "well",
    1.0,
    {_C.OK: 0.975, _C.SLOW: 0.006, _C.TCP_TIMEOUT: 0.004, _C.HTTP_TIMEOUT: 0.003},
    8.0,
)
BURST = Form(Cause.OK, "burst", 1.0, {_C.TCP_TIMEOUT: 0.20, _C.DNS_TIMEOUT: 0.11, _C.TLS_TIMEOUT: 0.09, _C.HTTP_TIMEOUT: 0.09, _C.TCP_RESET: 0.07, _C.TLS_RESET: 0.06, _C.HTTP_RESET: 0.05, _C.UNREACHABLE: 0.03, _C.SLOW: 0.04, _C.DNS_RCODE: 0.04, _C.OTHER: 0.02, _C.OK: 0.18}, 3.0)  # fmt: skip
"""Passing trouble of one network: mostly timeouts and resets, hardly ever a server's own words."""
BURST_SHARE = 0.06
"""Caps what one network can say: ln(1/0.06) = 2.8 nats (attribution.md, 7.2)."""
BURST_CONTROLS = 0.6

PRIOR = {
    Cause.OK: 0.987,
    Cause.LOCAL_FAULT: 1e-2,
    Cause.SERVICE_OUTAGE: 1e-3,
    Cause.NETWORK_DISRUPTION: 1e-4,
    Cause.FILTERING: 5e-5,
    Cause.THROTTLING: 2e-5,
    Cause.GEO_BLOCK: 1e-4,
}
SIBLING = 0.3
"""How far the features of a service share one fate in a country: what is filtered, throttled or
refused there is seldom one name alone."""
DEPENDENCY_SHARE = 0.02
"""Of failures on the service's side, those that are a dependency's, when nothing shared fails."""
BREADTH = ((0.15, 0.10), (0.50, 0.15), (0.90, 0.30), (0.99, 0.45))
"""Share of countries that an outage reaches, and how often it is so."""
MOST_REFUSED = 0.75
"""Share of countries above which a plain refusal is no choice among them, but an outage in such words."""
REFUSES = 3e-5
"""P(a service refuses several countries): one decision for all of them, and a third of refusals."""
REFUSED_BREADTH = ((0.15, 0.70), (0.50, 0.30))
"""Share of countries that such a decision reaches, and how often it is so."""
BARRED_BREADTH = ((0.15, 0.60), (0.50, 0.25), (0.90, 0.15))
"""The same where the page itself speaks of a country or a law: it may bar all but a few."""
CONTROLS_WELL = {Cause.NETWORK_DISRUPTION: 0.05, Cause.LOCAL_FAULT: 0.5}
"""P(foreign controls pass | cause), beside 0.975 for the others."""
CONTROLS_WELL_ELSE = 0.975


@lru_cache(maxsize=65536)
def log_emission(form: Form, counts: Counts) -> float:
    """Dirichlet-multinomial log-probability of a vantage's sights, as a sequence."""
    spread = FLOOR / len(COUNTED)
    total, seen = 0.0, 0
    for category, count in counts:
        alpha = form.mass * ((1 - FLOOR) * form.mean.get(category, 0.0) + spread)
        total += math.lgamma(alpha + count) - math.lgamma(alpha)
        seen += count
    return total + math.lgamma(form.mass) - math.lgamma(form.mass + seen)


class Reach(msgspec.Struct, frozen=True, eq=False):
    """One point of the grid of reaches, in logs."""

    hit: float
    spared: float
    weight: float


def _beta_grid(a: float, b: float, points: int = 12) -> tuple[Reach, ...]:
    grid = [(i + 0.5) / points for i in range(points)]
    dense = [x ** (a - 1) * (1 - x) ** (b - 1) for x in grid]
    return tuple(
        Reach(math.log(x), math.log(1 - x), math.log(d / sum(dense)))
        for x, d in zip(grid, dense, strict=True)
    )


REACH = {
    Cause.FILTERING: _beta_grid(3.0, 1.2),
    Cause.THROTTLING: _beta_grid(3.0, 1.2),
    Cause.NETWORK_DISRUPTION: _beta_grid(2.0, 1.0),
    Cause.GEO_BLOCK: _beta_grid(8.0, 1.0),
    Cause.SERVICE_OUTAGE: _beta_grid(8.0, 1.0),
}
"""Share of a country's networks that the cause reaches: a grid, and the weight of each point."""
