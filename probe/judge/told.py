"""What is said of one endpoint, counted as sights come and go: nearly all say the same.

So nobody needs to read them again at every judging. A steady track says it once, by any of its
sights; of all others each sight does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from probe.judge.sight import Sight
from probe.judge.traits import SLOW_SECONDS
from probe.judge.trials import UNTRIED

Place = tuple[str, int]
"""Country and AS number."""


class Saying(NamedTuple):
    """What a sight says of its endpoint, whoever saw it."""

    answers: tuple[str, ...]
    """Addresses that a resolver gave."""
    valid: tuple[str, ...]
    """Addresses that proved to be the service's."""
    proxied: bool | None
    """Of a good answer whether it passed through a proxy; None of all others."""
    tried: tuple[str, ...] = ()
    """Addresses at which it failed, and so all below."""
    leaf: str = ""
    digest: str = ""
    words: str = ""


_Plain = tuple[tuple[str, ...], tuple[str, ...], bool | None, tuple[str, ...], str, str, str]
"""A saying while it is but counted: a plain tuple is made in a quarter of the time."""


def _said(sight: Sight) -> _Plain:
    """Whoever met the expectations refused no certificate, and shows no page."""
    if sight.met:
        return sight.answers, sight.valid, sight.traits.proxied, (), "", "", ""
    return sight.answers, sight.valid, None, sight.tried, sight.leaf, sight.digest, sight.words


class Told:
    """Sights by what they say; for each saying, where it is said, sight by sight."""

    __slots__ = ("_said", "more", "slow")

    def __init__(self, sights: Iterable[Sight] = ()) -> None:
        self._said: dict[_Plain, dict[Place, int]] = {}
        self.more: dict[Sight, None] = {}
        """Those that say more: of second answers, or of tests beyond the target."""
        self.slow = 0
        """How many came so slowly that paces are to be compared."""
        for sight in sights:
            self.count(sight)

    def __iter__(self) -> Iterator[tuple[Saying, AbstractSet[Place]]]:
        for said, places in self._said.items():
            yield Saying._make(said), places.keys()

    def count(self, sight: Sight) -> None:
        said, where = _said(sight), (sight.vantage.country, sight.vantage.asn)
        places = self._said.get(said)
        if places is None:
            places = self._said[said] = {}
        places[where] = places.get(where, 0) + 1
        self.slow += sight.pace >= SLOW_SECONDS
        if sight.doubled or sight.trials is not UNTRIED:
            self.more[sight] = None

    def discount(self, sight: Sight) -> None:
        """Take back what was counted."""
        said, where = _said(sight), (sight.vantage.country, sight.vantage.asn)
        places = self._said[said]
        if places[where] > 1:
            places[where] -= 1
        else:
            del places[where]
            if not places:
                del self._said[said]
        self.slow -= sight.pace >= SLOW_SECONDS
        self.more.pop(sight, None)
