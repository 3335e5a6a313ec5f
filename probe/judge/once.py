"""What is worked out of things that come again and again, each once: a dict that fills itself.

To look a thing up in one costs half of a call to what `lru_cache` makes of a function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Once(dict[Key, Value]):
    """It forgets all when it is full: what comes again is soon there again."""

    def __init__(self, work: Callable[[Key], Value], most: int) -> None:
        super().__init__()
        self._work, self._most = work, most

    def __missing__(self, key: Key) -> Value:
        if len(self) >= self._most:
            self.clear()
        made = self[key] = self._work(key)
        return made
