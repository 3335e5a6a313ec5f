"""The scenarios that come with the lab, and those that users write: found by name or by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from probe.config.check import Problem
from probe.config.load import ConfigError, read
from probe.lab.outside import around
from probe.lab.scenario import Scenario
from probe.lab.sound import problems

HERE = Path(__file__).parent / "scenarios"


def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in HERE.glob("*.yaml")))


def find(name: str) -> Path:
    """Return the file of a scenario, by the name of ours or the path of anybody's."""
    if name in names():
        return HERE / f"{name}.yaml"
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.exists():
        return path
    raise ConfigError(f"{name}: no such scenario; there are {', '.join(names())}, or a YAML file")


def load(name: str, also: Callable[[Scenario], Iterable[Problem]] = lambda _: ()) -> Scenario:
    """Read and check a scenario, and hold it to what the caller asks for `also`.

    Raises ConfigError, which says where it is wrong and what would be right.
    """

    def wrong(held: Scenario) -> Iterable[Problem]:
        whole = around(held)
        return (*problems(whole), *also(whole))

    return around(read(find(name), Scenario, wrong))
