"""How much may be tested, and where not yet: a budget of all endpoints, and residual blocking.

Both are told the time. A middlebox that has reset a connection may go on resetting whatever comes
from there, for minutes (attribution.md, section 6: 90 to 180 s, 360 s after the name of a
DNS-over-HTTPS server): a control within that time would be poisoned evidence.
"""

from __future__ import annotations

import math
from collections import OrderedDict

MINUTE = 60.0
MOST_PLACES = 1024
DOH_FACTOR = 2.0
DOH_WORDS = frozenset({"doh", "dns", "dns-query", "cloudflare-dns", "nextdns"})
"""Labels that name a DNS-over-HTTPS server."""

Place = tuple[str, int]
"""Address and port."""


class Budget:
    """A token bucket that holds a minute's worth of tests."""

    def __init__(self, per_minute: float) -> None:
        self._most = self._left = float(per_minute)
        self._at = -math.inf

    def take(self, now: float) -> bool:
        """Take one test, where there is one left."""
        if self._at > -math.inf:
            grown = max(0.0, now - self._at) * self._most / MINUTE
            self._left = min(self._most, self._left + grown)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Residue:
    """Places of ours at which a name was cut, or is being tried right now."""

    def __init__(self, seconds: float) -> None:
        """Take how long blocking may outlast its cause; 0 for no restraint at all."""
        self._seconds = seconds
        self._until: OrderedDict[Place, float] = OrderedDict()

    def enter(self, place: Place, now: float) -> bool:
        """Have the place for oneself, until it is left; not while it is another's, or tainted."""
        if not self._seconds:
            return True
        if self._until.get(place, -math.inf) > now:
            return False
        self._keep(place, math.inf)
        return True

    def leave(self, place: Place, name: str, now: float, *, cut: bool) -> None:
        """Give it back: at once, or, after a cut, when nothing of that can be left."""
        if self._seconds:
            self._keep(place, now + (self._window(name) if cut else 0.0))

    def _window(self, name: str) -> float:
        doh = not DOH_WORDS.isdisjoint(name.lower().split("."))
        return self._seconds * (DOH_FACTOR if doh else 1.0)

    def _keep(self, place: Place, until: float) -> None:
        self._until[place] = until
        self._until.move_to_end(place)
        if len(self._until) > MOST_PLACES:
            self._until.popitem(last=False)
