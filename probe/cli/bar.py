"""Progress on stderr: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

TENTHS = 10


@contextmanager
def bar(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` is done, as the function given is told of more."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, text, total)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(text, total=total)
        yield lambda more: progress.advance(task, more)


def _lines(console: Console, text: str, total: int) -> Callable[[int], None]:
    """Say a line for each tenth that is done."""
    done = 0

    def tick(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if TENTHS * done // total > TENTHS * before // total:
            console.print(f"{text}: {done} of {total}", highlight=False)

    return tick
