"""What a lookup gives in a simulated world: the true addresses, or what a forger says."""

from __future__ import annotations

from random import Random

from probe.lab.answers import BOGON, BOGON_V6, LEAKED, POOL, POOL_V6
from probe.lab.simulated.act import Lookup, Truth
from probe.lab.simulated.seat import Seat

NOTICE = "11.40.1.1"


def answered(
    how: Lookup, query: str, seat: Seat, dice: Random
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the first answer's addresses, and those of the answers after it."""
    if how.failure or how.rcode:
        return (), ()
    true = tuple(a for a in seat.addresses if (":" in a) is (query == "AAAA"))
    late = true if how.late else ()
    pool = POOL if query == "A" else (POOL_V6,)
    forged = {
        Truth.TRUE: true,
        Truth.NONE: (),
        Truth.POOL: (pool[dice.randrange(len(pool))],),
        Truth.PAIR: pool[:1],
        Truth.BOGON: (BOGON if query == "A" else BOGON_V6,),
        Truth.LEAKED: (LEAKED if query == "A" else BOGON_V6,),
        Truth.NOTICE: (NOTICE,) if query == "A" else (),
    }[how.truth]
    return forged, (*pool[1:2], *late) if how.truth is Truth.PAIR else late
