"""Where an address belongs in the routing of the internet."""

from __future__ import annotations

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The network that announces an address."""

    prefix: str
    """`192.0.2.0/24`: what is announced, or several such of one network side by side."""
    asn: int
    organisation: str = ""
    """Who the network's number was given to; empty where that is not known."""
