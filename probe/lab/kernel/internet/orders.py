"""What the orchestrator may tell the router process, as JSON lines, and what it answers."""

from __future__ import annotations

import msgspec

from probe.lab.kernel.internet.interference.policy import Policy
from probe.lab.kernel.internet.router import Counters
from probe.lab.kernel.plan import Plan


class Route(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="route"):
    """The first order: begin."""

    plan: Plan
    seed: int = 0


class Apply(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="apply"):
    key: str
    policies: tuple[Policy, ...]


class Lift(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="lift"):
    key: str


class Count(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="count"):
    """Answered with the counters, as every order is."""


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="stop"):
    pass


Order = Route | Apply | Lift | Count | Stop


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    refused: str = ""
    """One sentence, empty where the order was carried out."""
    counters: Counters


order_decoder = msgspec.json.Decoder(Order)
answer_decoder = msgspec.json.Decoder(Answer)
