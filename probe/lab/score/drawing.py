"""A score as pictures: SVG by hand, readable on light and on dark ground. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from probe.lab.score.reliability import Bin

STYLE = """
  :root { color-scheme: light dark; --ink: #1d1d1f; --ground: #ffffff; --faint: #8a8a8e;
    --line: #0b62b8; --other: #b3500f }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #f2f2f4; --ground: #17181a; --faint: #8e8e93; --line: #6cb6ff; --other: #f0a35e } }
  text { font: 12px system-ui, sans-serif; fill: var(--ink) }
  .small { font-size: 9px; fill: var(--faint) }
  .ground { fill: var(--ground) } .axis { stroke: var(--faint); fill: none }
  .diagonal { stroke: var(--faint); stroke-dasharray: 4 4 }
"""
LEFT, TOP, SIDE, CELL = 60.0, 48.0, 400.0, 46.0
APART = 14.0
Point = tuple[float, float]
COLOURS = ("--line", "--other")


def reliability(title: str, series: Mapping[str, Sequence[Bin]]) -> str:
    """Draw what was right against what was believed; up to two series, with the counts of each bin."""
    names = [
        f'<text x="{LEFT + 12:.0f}" y="{TOP + 20 + 16 * index:.0f}" '
        f'style="fill: var({COLOURS[index]})">● {escape(name)}</text>'
        for index, name in enumerate(series)
    ]
    parts = [*_axes(), *names]
    for (name, bins), colour in zip(series.items(), COLOURS, strict=False):
        parts += _curve(name, bins, colour)
    return _picture(title, LEFT + SIDE + 40, TOP + SIDE + 56, parts)


def confusion(title: str, table: Mapping[str, Mapping[str, int]], answers: Sequence[str]) -> str:
    """Draw the matrix of expected and answered causes; the fuller of its row, the darker."""
    left, top = 150.0, 150.0
    parts = [
        f'<text transform="translate({left + CELL * x + 20:.0f} {top - 8:.0f}) rotate(-45)">'
        f"{escape(answer.replace('_', ' '))}</text>"
        for x, answer in enumerate(answers)
    ]
    for y, (expected, held) in enumerate(table.items()):
        height = top + CELL * y
        label = escape(expected.replace("_", " "))
        parts.append(
            f'<text x="{left - 8:.0f}" y="{height + 27:.0f}" text-anchor="end">{label}</text>'
        )
        total = sum(held.values())
        for x, answer in enumerate(answers):
            right = answer == expected
            parts += _cell(left + CELL * x, height, held.get(answer, 0), total, right=right)
    width = left + CELL * len(answers) + 110
    return _picture(title, width, top + CELL * len(table) + 30, parts)


def _axes() -> Iterator[str]:
    bottom = TOP + SIDE
    yield f'<rect class="axis" x="{LEFT:.0f}" y="{TOP:.0f}" width="{SIDE:.0f}" height="{SIDE:.0f}"/>'
    yield _line("diagonal", (LEFT, bottom), (LEFT + SIDE, TOP))
    for tenth in range(0, 11, 2):
        share, label = tenth / 10, f"{tenth / 10:.1f}"
        x, y = LEFT + SIDE * share, bottom - SIDE * share
        yield f'<text x="{x:.0f}" y="{bottom + 18:.0f}" text-anchor="middle">{label}</text>'
        yield f'<text x="{LEFT - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{label}</text>'
    middle = LEFT + SIDE / 2
    yield f'<text x="{middle:.0f}" y="{bottom + 38:.0f}" text-anchor="middle">believed</text>'
    yield (
        f'<text transform="translate(18 {TOP + SIDE / 2:.0f}) rotate(-90)" '
        'text-anchor="middle">right</text>'
    )


def _curve(name: str, bins: Sequence[Bin], colour: str) -> Iterator[str]:
    points = [(LEFT + SIDE * b.confidence, TOP + SIDE * (1 - b.right)) for b in bins]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" style="fill: none; stroke: var({colour})"/>'
    for held, (x, y) in zip(bins, points, strict=True):
        words = (
            f"{name}: {held.n:.0f} beliefs from {held.low:.4f} to {held.high:.4f}, "
            f"mean {held.confidence:.4f}, right {held.right:.4f}"
        )
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill: var({colour})">'
            f"<title>{escape(words)}</title></circle>"
        )
    for (x, y), count in _heaps(points, [held.n for held in bins]):
        # Beside the point, inwards, so that the last ones are not cut off.
        side, anchor = (8, "start") if x < LEFT + SIDE / 2 else (-8, "end")
        yield (
            f'<text class="small" x="{x + side:.1f}" y="{y + 12:.1f}" '
            f'text-anchor="{anchor}">{count:.0f}</text>'
        )


def _heaps(points: Sequence[Point], counts: Sequence[float]) -> list[tuple[Point, float]]:
    """Put neighbours that would be written over each other under one count."""
    heaps: list[tuple[Point, float]] = []
    for point, count in zip(points, counts, strict=True):
        if heaps and math.dist(heaps[-1][0], point) < APART:
            heaps[-1] = (heaps[-1][0], heaps[-1][1] + count)
        else:
            heaps.append((point, count))
    return heaps


def _cell(x: float, y: float, count: int, total: int, *, right: bool) -> Iterator[str]:
    share = count / total if total else 0.0
    colour = COLOURS[0] if right else COLOURS[1]
    yield (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{CELL - 2:.0f}" height="{CELL - 2:.0f}" '
        f'style="fill: var({colour}); fill-opacity: {0.06 + 0.5 * share:.2f}"/>'
    )
    if count:
        yield f'<text x="{x + CELL / 2:.0f}" y="{y + 27:.0f}" text-anchor="middle">{count}</text>'


def _line(kind: str, begin: Point, end: Point) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{kind}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>'


def _picture(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    lines = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="ground" width="100%" height="100%"/>\n'
        f'<text x="16" y="26" style="font-weight: 600">{escape(title)}</text>\n{lines}\n</svg>\n'
    )
