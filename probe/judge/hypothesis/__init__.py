"""The rivals weighed against each other, for each feature, country and network."""

from __future__ import annotations

from probe.judge.hypothesis.judging import judge
from probe.judge.view import View

__all__ = ["View", "judge"]
