"""The committed dashboards read back: what they ask, with the variables filled in.

Needs nothing that builds them, so that a test against a real Prometheus can do without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

FOLDER = Path(__file__).parent / "json"
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::\w+)?\}|(?P<bare>\w+))")
EVERYTHING = MappingProxyType(
    {"service": ".*", "feature": ".*", "country": ".*", "instance": ".*", "__rate_interval": "5m"}
)
"""Every variable at All; a rate over five minutes."""


class Variable(msgspec.Struct, frozen=True):
    name: str
    type: str
    definition: str = ""
    regex: str = ""
    query: msgspec.Raw = msgspec.Raw()


class Source(msgspec.Struct, frozen=True):
    type: str = ""
    uid: str = ""


class Target(msgspec.Struct, frozen=True, rename="camel"):
    expr: str
    ref_id: str
    datasource: Source = Source()
    instant: bool = False


class Defaults(msgspec.Struct, frozen=True):
    unit: str = ""


class FieldConfig(msgspec.Struct, frozen=True):
    defaults: Defaults = Defaults()


class Place(msgspec.Struct, frozen=True):
    h: int
    w: int
    x: int
    y: int


class Panel(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    type: str
    title: str
    grid_pos: Place
    description: str = ""
    datasource: Source = Source()
    targets: tuple[Target, ...] = ()
    field_config: FieldConfig = FieldConfig()


class Annotation(msgspec.Struct, frozen=True):
    name: str
    target: Target
    datasource: Source = Source()


class Variables(msgspec.Struct, frozen=True):
    list: tuple[Variable, ...]


class Annotations(msgspec.Struct, frozen=True):
    list: tuple[Annotation, ...]


class Dashboard(msgspec.Struct, frozen=True, rename="camel"):
    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    timezone: str
    refresh: str
    schema_version: int
    panels: tuple[Panel, ...]
    templating: Variables
    annotations: Annotations


@dataclass(frozen=True)
class Expression:
    """One query of a dashboard, ready to be asked of a Prometheus."""

    dashboard: str
    """Its uid."""
    panel: str
    """Its title; or `annotation …`, `variable …`."""
    ref: str
    """The query's letter, among those of its panel."""
    expr: str


def dashboards() -> tuple[Dashboard, ...]:
    paths = sorted(FOLDER.glob("*.json"))
    return tuple(msgspec.json.decode(path.read_bytes(), type=Dashboard) for path in paths)


def expressions(values: Mapping[str, str] = EVERYTHING) -> tuple[Expression, ...]:
    """List what every panel asks, with variables filled in; a KeyError names one without a value."""
    return tuple(
        Expression(board.uid, panel.title, target.ref_id, filled(target.expr, values))
        for board in dashboards()
        for panel in board.panels
        for target in panel.targets
    )


def surroundings(values: Mapping[str, str] = EVERYTHING) -> tuple[Expression, ...]:
    """List what the annotations ask, and the series that the variables are read from."""
    return tuple(found for board in dashboards() for found in _surroundings(board, values))


def _surroundings(board: Dashboard, values: Mapping[str, str]) -> Iterator[Expression]:
    for mark in board.annotations.list:
        expr = filled(mark.target.expr, values)
        yield Expression(board.uid, f"annotation {mark.name}", mark.target.ref_id, expr)
    for variable in board.templating.list:
        if variable.type == "query":
            series = variable.definition.removeprefix("label_values(").rpartition(",")[0]
            yield Expression(board.uid, f"variable {variable.name}", "", filled(series, values))


def filled(expr: str, values: Mapping[str, str]) -> str:
    """Put values for the variables, each written `$name`, `${name}` or `${name:format}`."""
    return VARIABLE.sub(lambda found: values[found["braced"] or found["bare"]], expr)
