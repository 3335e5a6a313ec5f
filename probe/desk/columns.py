"""A table that fits: words are folded at `_`, `.` and spaces and never within, or a column goes.

Pure; widths are in characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest

import msgspec

_BREAKS = re.compile(r"(?<=[_ ])(?=[^_ ])|(?<=\.)(?=[^\W\d])")
"""After `_` and spaces, and after a dot that no digit follows."""
GAP = 1
"""Between two columns."""


class Fitted(msgspec.Struct, frozen=True):
    columns: tuple[int, ...]
    """Indices of those that are shown."""
    widths: tuple[int, ...]
    """Of each of those."""


def fitted(rows: Sequence[Sequence[str]], width: int, expendable: Sequence[int]) -> Fitted:
    """Choose columns and their widths; of the `expendable` ones the first is the first to go.

    It goes rather than that anything takes more than two lines; the others where else it does not
    fit. Where nothing more can go it is wider than asked. `rows`: with the headings.
    """
    shown = list(range(len(rows[0])))
    for gone in expendable:
        bound = twofold if gone == expendable[0] else longest
        if _sum(rows, shown, bound) <= width:
            break
        shown.remove(gone)
    bounds = [
        (max(longest(row[n]) for row in rows), max(len(row[n]) for row in rows)) for n in shown
    ]
    return Fitted(tuple(shown), tuple(_shared(bounds, width - GAP * (len(shown) - 1))))


def _sum(rows: Sequence[Sequence[str]], shown: Sequence[int], bound: Callable[[str], int]) -> int:
    return sum(max(bound(row[n]) for row in rows) for n in shown) + GAP * (len(shown) - 1)


def twofold(text: str) -> int:
    """The least width at which it takes two lines."""
    widths = range(longest(text), len(text) + 1)
    return next((w for w in widths if folded(text, w).count("\n") < 2), len(text))  # noqa: PLR2004


def longest(text: str) -> int:
    """The longest part that is not folded."""
    return max((len(piece.rstrip(" ")) for piece in _BREAKS.split(text)), default=0)


def _shared(bounds: Sequence[tuple[int, int]], room: int) -> list[int]:
    """What is left over goes to whoever lacks most."""
    widths = [least for least, _ in bounds]
    while sum(widths) < room:
        lacking = [most - held for (_, most), held in zip(bounds, widths, strict=True)]
        wanting = max(range(len(bounds)), key=lacking.__getitem__, default=0)
        if not lacking or lacking[wanting] <= 0:
            break
        widths[wanting] += 1
    return widths


def folded(text: str, width: int) -> str:
    """Break it into lines of at most so many characters, at the places where it may be."""
    lines: list[str] = [""]
    for piece in _BREAKS.split(text):
        if len(lines[-1]) + len(piece.rstrip(" ")) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip(" ") for line in lines)


def laid(row: Sequence[str], fit: Fitted) -> list[list[str]]:
    """One row as lines of cells, each filled up to its column's width."""
    cells = [folded(row[n], w).split("\n") for n, w in zip(fit.columns, fit.widths, strict=True)]
    return [
        [cell.ljust(width) for cell, width in zip(line, fit.widths, strict=True)]
        for line in zip_longest(*cells, fillvalue="")
    ]
