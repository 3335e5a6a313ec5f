"""Which scenarios are to be scored: names, files and folders, the bad ones refused alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from probe.config.load import ConfigError
from probe.lab import library
from probe.lab.scenario import Scenario
from probe.lab.simulated.run import unplayable


def chosen(named: Sequence[str]) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """Load them, or the whole library where none is named; give also why others were refused."""
    scenarios: list[Scenario] = []
    refused: list[str] = []
    for name in dict.fromkeys(_spread(named or library.names())):
        try:
            scenarios.append(library.load(name, also=unplayable))
        except ConfigError as error:
            refused.append(str(error))
    return tuple(scenarios), tuple(refused)


def _spread(named: Sequence[str]) -> Iterator[str]:
    """Give a folder's files in its place."""
    for name in named:
        if name in library.names() or not Path(name).is_dir():
            yield name
        elif files := sorted(str(path) for path in Path(name).glob("*.y*ml")):
            yield from files
        else:
            # An empty folder is refused as a file of that name would be.
            yield f"{name}/*.yaml"
