"""How evenly a body came: when each quarter of it was there. Pure.

A policer holds a flow at its rate, so that one quarter takes as long as the next; a flow that is
free grows from quarter to quarter, and one that is merely far away waits at its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence

PARTS = 4
FEWEST_BYTES = 16 * 1024
"""Less is in the first round trip, whatever the pace."""

Arrival = tuple[float, int]
"""By any clock, the seconds at which so many bytes of the body were there."""


def quarters(came: Sequence[Arrival]) -> tuple[float, ...]:
    """Give the seconds from the first bytes to the end of each quarter, in whole milliseconds.

    Bytes come in lumps (a TLS record, say): between two arrivals they are held to come evenly.
    Empty where there are too few to tell anything.
    """
    if not came or came[-1][1] < FEWEST_BYTES:
        return ()
    began, total = came[0][0], came[-1][1]
    ends = (_when(came, total * part / PARTS) for part in range(1, PARTS + 1))
    return tuple(round(end - began, 3) for end in ends)


def _when(came: Sequence[Arrival], wanted: float) -> float:
    before = came[0]
    for at, there in came:
        if there >= wanted:
            share = (wanted - before[1]) / (there - before[1]) if there > before[1] else 1.0
            return before[0] + (at - before[0]) * max(0.0, share)
        before = (at, there)
    return before[0]
