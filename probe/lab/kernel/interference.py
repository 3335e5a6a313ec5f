"""Mechanism id → policies, by table."""

from __future__ import annotations


class UnknownMechanism(Exception):  # noqa: N818 — named for what it says
    """Its str is one sentence that lists what is known."""


def known() -> tuple[str, ...]:
    """Mechanism ids that the internet can play; the others are the hosts' or the orchestrator's."""
    raise NotImplementedError
