"""What was announced to fail: networks and services that are not weighed for a while."""

from __future__ import annotations

from datetime import timedelta

from probe.config.shape import Maintenance
from probe.judge.view import View


def networks(view: View) -> frozenset[int]:
    """AS numbers under maintenance now, or lately enough for the window to reach into it."""
    return frozenset(
        asn for held in view.maintenance if _concerns(held, view) for asn in held.networks
    )


def services(view: View) -> frozenset[str]:
    return frozenset(
        name for held in view.maintenance if _concerns(held, view) for name in held.services
    )


def _concerns(held: Maintenance, view: View) -> bool:
    since = view.now - held.at
    if since < timedelta(0):
        return False
    if held.every:
        since %= timedelta(seconds=held.every)
    return since < timedelta(seconds=held.lasts) + view.rounds * view.round
