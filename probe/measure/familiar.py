"""What was worked out for things that come again at every turn, so that it is not worked out anew."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Familiar(dict[Key, Value]):
    """It forgets all when it is full: what comes again is soon there again. Nothing in it is empty.

    A caller keeps out of it what is long and comes only once.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Key, value: Value) -> Value:
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value
