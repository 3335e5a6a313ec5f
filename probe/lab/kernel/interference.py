"""What the internet does to packets: the nouns of interference, handed to the router as data."""

from __future__ import annotations

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one packet."""

    forward: bool = True
    inject: tuple[bytes, ...] = ()
    """Packets from the IP header on; each goes where its own target address says."""
    delay: float = 0.0
    """Seconds added."""
    rewritten: bytes = b""
    """The packet to forward in its place, when not empty."""


PASS = Action()
DROP = Action(forward=False)


class UnknownMechanism(Exception):  # noqa: N818 — named for what it says
    """Its str is one sentence that lists what is known."""


def known() -> tuple[str, ...]:
    """Mechanism ids that the internet can play; the others are the hosts' or the orchestrator's."""
    raise NotImplementedError
