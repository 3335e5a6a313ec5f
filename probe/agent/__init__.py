"""The daemon of a probe host: schedule, measure, spool, send, under one TaskGroup and one clock."""

from probe.agent.root import Hooks, run

__all__ = ["Hooks", "run"]
