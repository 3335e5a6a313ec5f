"""What can be done to the traffic of one measurement: nouns that the walk reads step by step."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from probe.lab.answers import Reply

ROUTERS = 3
"""On every way, as in the kernel lab: the operator's, the country's, the one at the target's door."""


class Truth(StrEnum):
    """What a lookup gives, in the place of the name's own addresses or as well."""

    TRUE = "true"
    NONE = "none"
    POOL = "pool"
    """An address of somebody else's: nobody answers there."""
    PAIR = "pair"
    """Two such answers in a row."""
    BOGON = "bogon"
    LEAKED = "leaked"
    """What another country's censor answers."""
    NOTICE = "notice"
    """The address of a host that serves notices."""


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """How a question is answered."""

    failure: str = ""
    """Without an answer."""
    rcode: int = 0
    truth: Truth = Truth.TRUE
    late: bool = False
    """The true answer follows."""
    accepts: bool = False
    """The forged address takes connections, and says nothing."""


class Family(StrEnum):
    BOTH = "both"
    V4 = "v4"
    V6 = "v6"

    def covers(self, address: str) -> bool:
        return self is Family.BOTH or (":" in address) is (self is Family.V6)


class Follows(StrEnum):
    """What an act hangs on: where a test goes to other places it is met there, or not."""

    NAME = "name"
    """It is met wherever the name is said."""
    ADDRESS = "address"
    """Only where the target stands."""
    ALL = "all"
    """Whatever this vantage does."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is empty lets pass."""

    follows: Follows = Follows.ADDRESS
    lookup: Lookup | None = None
    """Of the vantage's own resolver."""
    second: Lookup | None = None
    """Of any other."""
    unheard: bool = False
    """The name's own servers answer no resolver, an encrypted one as little as any."""
    unsealed: bool = False
    """Encrypted resolvers are cut off: over TLS by address, over HTTPS by name."""
    connect: str = ""
    """How a connection to the target's address fails."""
    behind: int = 1
    """How many routers its packets have passed by then."""
    streams: bool = False
    """That is of TCP alone: datagrams pass."""
    unspoken: bool = False
    """Over QUIC nothing passes."""
    family: Family = Family.BOTH
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    """Where connections fail: at these addresses, at these ports; empty for everywhere."""
    shake: str = ""
    """How a handshake with the target's name fails."""
    alike: bool = False
    """With a harmless name too."""
    aftermath: str = ""
    """How later connections to the address fail, once a handshake was hit."""
    diverts: tuple[int, ...] = ()
    """Ports at which a stranger answers in the target's place, over IPv4 alone."""
    certificate: str = ""
    """`expired` or `early` in the place of the target's own."""
    request: str = ""
    """How a request fails that was sent."""
    reply: Reply | None = None
    """In the place of the target's own."""
    leads: bool = False
    """The reply sends the client on to the notice host."""
    plain: bool = False
    """Request and reply of HTTP alone: within TLS they cannot be touched."""
    headers: tuple[tuple[str, str], ...] = ()
    """Added to an answer over plain HTTP."""
    delay: float = 0.0
    """Seconds added each way, to TCP, TLS and HTTP."""
    late: float = 0.0
    """Seconds added each way, once the target's name was said."""
    linger: float = 0.0
    """Seconds by which the answer is late."""
    budget: int = 0
    """Bytes past which an answer freezes; 0 means none."""
    rate: float = 0.0
    """Bytes a second; 0 means no limit."""


Flows = int
"""A bit for each flow of a measurement, in their order: whether an act hits it. -1 means all."""
ALL_FLOWS: Flows = -1


Hit = tuple[Act, Flows]


def refused(acts: Sequence[Act], address: str, port: int) -> str:
    """Say how a connection there fails; empty where it does not."""
    met = (
        act
        for act in acts
        if act.family.covers(address)
        and address in (act.addresses or (address,))
        and port in (act.ports or (port,))
    )
    return next((act.connect for act in met if act.connect), "")


def delayed(acts: Sequence[Act], *, said: bool) -> float:
    """Seconds added each way; `said`: to what follows the target's name."""
    return sum(act.delay + (act.late if said else 0.0) for act in acts)
