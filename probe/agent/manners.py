"""How often one host may be visited, by all endpoints that stand there together. Pure.

What an operator puts into the catalogue may be a hundred endpoints of one small site; the site
shall not notice that it is measured. Time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence

from probe.measure.bogon import Network, is_bogon
from probe.measure.goal import Name, goal

MINUTE = 60.0
BURST_SECONDS = 10.0
"""Rounds are not even: so long's worth of visits may come at once."""


class Manners:
    """A bucket of visits for each host, which fills by itself."""

    def __init__(self, per_minute: float, own: Sequence[Network] = ()) -> None:
        """Take the visits of a minute (0: no limit) and one's own networks, which have none."""
        self._per_second = per_minute / MINUTE
        self._most = max(1.0, self._per_second * BURST_SECONDS)
        self._own = tuple(own)
        self._left: dict[str, tuple[float, float]] = {}
        self._hosts: dict[str, str] = {}
        """By URL: a catalogue has but so many."""

    def may(self, url: str, now: float) -> bool:
        """Tell whether the URL's host may be visited now, and count the visit if so."""
        if not self._per_second:
            return True
        host = self._hosts.get(url)
        if host is None:
            host = self._hosts[url] = self._host(url)
        if not host:
            return True
        left, at = self._left.get(host, (self._most, now))
        left = min(self._most, left + max(0.0, now - at) * self._per_second)
        allowed = left >= 1
        self._left[host] = (left - allowed, now)
        return allowed

    def _host(self, url: str) -> str:
        """Give who is visited; nobody for a name, which only one's own resolver is asked for."""
        wanted = goal(url)
        if isinstance(wanted, Name):
            return ""
        own = wanted.literal and is_bogon(wanted.host) and not is_bogon(wanted.host, self._own)
        return "" if own else wanted.host
