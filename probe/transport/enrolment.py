"""Who may send to the intake, on which terms, and what of a batch is the sender's own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

import msgspec

from probe.config.load import digest
from probe.config.shape import CorrelatorConfig, Limits
from probe.model import Measurement, Vantage
from probe.transport import wire


@dataclass(frozen=True)
class Enrolled:
    """An agent that may send: the SHA-256 of its token, and what it stands for."""

    digest: bytes
    vantage: Vantage


@dataclass(frozen=True)
class Terms:
    """On which terms the intake takes measurements."""

    agents: tuple[Enrolled, ...]
    limits: Limits
    oldest: timedelta
    """Measurements older than this are refused."""
    window: timedelta
    """Measurements older than this still count as facts, but are late for a live verdict."""


class UnknownAgentError(Exception):
    """No enrolled agent has the token that was sent."""


def terms(config: CorrelatorConfig) -> Terms:
    """Read who may send, and on which terms; raises ConfigError."""
    judging = config.judging
    return Terms(
        agents=tuple(
            Enrolled(bytes.fromhex(digest(agent)), agent.vantage) for agent in config.agents
        ),
        limits=config.limits,
        oldest=timedelta(seconds=judging.late),
        window=timedelta(seconds=judging.round * judging.rounds),
    )


def authenticate(header: str, agents: Sequence[Enrolled]) -> Enrolled:
    """Find the agent of an Authorization header; raises UnknownAgentError.

    Digests are compared, all of them and each in constant time: neither the token nor how near
    a guess came can be read from the time it took.
    """
    found = [agent for agent in agents if is_bearer(header, agent.digest)]
    if not found:
        raise UnknownAgentError("no agent has this token; send `Authorization: Bearer <token>`")
    return found[0]


def is_bearer(header: str, expected: bytes) -> bool:
    """Say whether an Authorization header has the token of a SHA-256, in constant time."""
    scheme, _, token = header.partition(" ")
    digest = hashlib.sha256(token.strip().encode(errors="surrogateescape")).digest()
    return hmac.compare_digest(expected, digest) and scheme.lower() == "bearer"


def own(batch: wire.Batch, vantage: Vantage) -> wire.Batch:
    """Refuse the measurements of other vantages; give the rest the facts that are enrolled."""
    sent = tuple(zip(batch.lines, batch.accepted, strict=True))
    foreign = (_foreign(line, m, vantage) for line, m in sent if m.vantage.id != vantage.id)
    kept = [(line, m) for line, m in sent if m.vantage.id == vantage.id]
    return wire.Batch(
        tuple(msgspec.structs.replace(m, vantage=vantage) for _, m in kept),
        tuple(sorted(chain(batch.refused, foreign), key=lambda refusal: refusal.line)),
        tuple(line for line, _ in kept),
    )


def _foreign(line: int, measurement: Measurement, vantage: Vantage) -> wire.Refusal:
    sent = measurement.vantage.id[:64]
    return wire.Refusal(
        line,
        wire.Reason.FOREIGN_VANTAGE,
        f"the measurement is of vantage {sent!r}, the token of {vantage.id!r}",
    )
