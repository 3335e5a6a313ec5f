"""Which rows the correlator answers badly although it takes others: sought out, stepped over, given up.

Sans I/O. A correlator that takes nothing at all condemns nobody: only a success of others does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

PATIENCE = 2
"""Failures in a row before a batch is taken apart: most are passing."""
STRIKES = 3
"""How often others must have passed while a row alone did not."""


class Suspects:
    """Rows of one spool, by their number; they are tried in rising order from `after` on."""

    def __init__(self) -> None:
        self.after = 0
        """Rows up to this one are stepped over for now."""
        self._over: list[int] = []
        self._strikes: Counter[int] = Counter()

    def failed(self, rows: Sequence[int], failures: int, most: int) -> int:
        """Take note of a batch that was answered badly; say how many rows to send next.

        `failures` counts those in a row before this one, `most` was asked for until now.
        """
        if failures < PATIENCE and not any(row in self._strikes for row in rows):
            return most
        if len(rows) == 1:
            self.after = rows[0]
            self._over.append(rows[0])
        return max(1, len(rows) // 2)

    def passed(self, rows: Sequence[int]) -> list[int]:
        """Take note of rows that went through; give those that never will."""
        for row in rows:
            self._strikes.pop(row, None)
        self._strikes.update(self._over)
        self.again()
        condemned = [row for row, strikes in self._strikes.items() if strikes >= STRIKES]
        for row in condemned:
            del self._strikes[row]
        return condemned

    def again(self) -> None:
        """Begin anew with the oldest row; nothing was proven."""
        self.after = 0
        self._over.clear()
