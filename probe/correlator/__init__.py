"""The centre: intake, store, judging, API, pages and metrics under one TaskGroup and one clock."""

from probe.correlator.bench import Conclusions, Judge
from probe.correlator.root import Bound, Hooks, Reload, run

__all__ = ["Bound", "Conclusions", "Hooks", "Judge", "Reload", "run"]
