"""How much may be tested, and where not yet: a budget of all endpoints, and residual blocking.

Both are told the time. A middlebox that has reset a connection may go on resetting whatever comes
from there, for minutes (attribution.md, section 6: 90 to 180 s, 360 s after the name of a
DNS-over-HTTPS server): a control within that time would be poisoned evidence.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import msgspec

MINUTE = 60.0
MOST_PLACES = 1024
DOH_FACTOR = 2.0
DOH_WORDS = frozenset({"doh", "dns", "dns-query", "cloudflare-dns", "nextdns"})
"""Labels that name a DNS-over-HTTPS server."""

CUTS_BEFORE_REST = 3
"""An outage is told by others within that many turns; to rest any earlier would blind them."""
CONTROL_SECONDS = 60.0
"""Longer than a control and the chain after it ever take."""
CUTS_BETWEEN = 60
"""A block that lasts costs the rest of some rounds in an hour."""

Place = tuple[str, int]
"""Address and port."""
NOWHERE: Place = ("", 0)


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
            self._keep(place, now + (window(self._seconds, name) if cut else 0.0))

    def _keep(self, place: Place, until: float) -> None:
        self._until[place] = until
        self._until.move_to_end(place)
        if len(self._until) > MOST_PLACES:
            self._until.popitem(last=False)


def window(seconds: float, name: str) -> float:
    """Say how long blocking may outlast a visit under this name."""
    doh = not DOH_WORDS.isdisjoint(name.lower().split("."))
    return seconds * (DOH_FACTOR if doh else 1.0)


# ── the control afterwards ───────────────────────────────────────────────────────────────────


class Doubt(msgspec.Struct, frozen=True):
    """Where a name was cut, and a harmless one after it: by the address, or by what the first left."""

    address: str
    port: int
    name: str
    secure: bool
    """Cut within TLS, else over plain HTTP."""

    @property
    def place(self) -> Place:
        return self.address, self.port


class Rest(msgspec.Struct, frozen=True):
    """Nothing is to be tried: what an earlier visit left there is to wear off."""


class Wait(msgspec.Struct):
    doubt: Doubt
    cuts: int = 0
    until: float = math.inf
    busy_until: float = -math.inf
    """While the control is made nobody else says the name there."""


class Aftermath:
    """Doubts by place: once it has lasted for some turns, all visits there rest for one window.

    Then one control is due, and the next only many turns later. It is kept in memory alone: who
    starts again counts the turns again.
    """

    def __init__(self, seconds: float) -> None:
        """Take how long blocking may outlast its cause; 0 for no control at all."""
        self._seconds = seconds
        self.waits: OrderedDict[Place, Wait] = OrderedDict()
        """Empty, nearly always: then nobody need ask."""
        self._where: dict[str, Place] = {}

    def turn(self, url: str, now: float) -> Doubt | Rest | None:
        """Say what the turn of this endpoint begins with: a control, nothing but rest, or itself."""
        wait = self.waits.get(self._where.get(url, NOWHERE))
        if wait is None:
            return None
        if now < wait.busy_until:
            return Rest()
        if wait.cuts < CUTS_BEFORE_REST:
            return None
        if now < wait.until:
            return Rest()
        wait.cuts, wait.busy_until = CUTS_BEFORE_REST - CUTS_BETWEEN, now + CONTROL_SECONDS
        return wait.doubt

    def doubted(self, url: str) -> Doubt | None:
        """Give what the endpoint's last visits left in doubt."""
        wait = self.waits.get(self._where.get(url, NOWHERE))
        return wait.doubt if wait is not None else None

    def touch(self, url: str, now: float) -> None:
        """Take in that somebody else's wish led there: the rest begins anew."""
        wait = self.waits.get(self._where.get(url, NOWHERE))
        if wait is not None:
            wait.until = now + window(self._seconds, wait.doubt.name)

    def note(self, url: str, doubt: Doubt | None, now: float) -> None:
        """Take in what a visit left: a doubt, the same as before where it fails on, or none."""
        if not self._seconds:
            return
        if doubt is None:
            self._forget(url)
            return
        self._where[url] = doubt.place
        wait = self.waits.setdefault(doubt.place, Wait(doubt))
        wait.cuts, wait.busy_until = wait.cuts + 1, -math.inf
        wait.until = now + window(self._seconds, doubt.name)
        self.waits.move_to_end(doubt.place)
        if len(self.waits) > MOST_PLACES:
            gone, _ = self.waits.popitem(last=False)
            self._where = {one: at for one, at in self._where.items() if at != gone}

    def _forget(self, url: str) -> None:
        place = self._where.pop(url, NOWHERE)
        if place is not NOWHERE and place not in self._where.values():
            self.waits.pop(place, None)
