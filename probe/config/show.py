"""A configuration in use as YAML again, for people: secrets and what names probe hosts hidden."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec
import yaml

from probe.config.shape import AgentConfig, CorrelatorConfig, Seconds, Secret

HIDDEN = "<secret>"
NAMES: Mapping[type[msgspec.Struct], frozenset[str]] = {
    CorrelatorConfig: frozenset(
        {
            "agents.vantage.id",
            "agents.scrape",
            "agents.token_sha256",
            "discovery.token_sha256",
        }
    ),
    AgentConfig: frozenset(),
}
"""What is no Secret and stays here all the same: who probes where must not be public."""

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
DUMPER: type[yaml.CSafeDumper | yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def shown(config: msgspec.Struct) -> str:
    """Write every field, defaults too; an unset secret is empty, any other is `<secret>`."""
    hidden = NAMES.get(type(config), frozenset())
    return yaml.dump(
        _plain(config, "", hidden), Dumper=DUMPER, sort_keys=False, allow_unicode=True
    )


def _plain(value: object, path: str, hidden: frozenset[str]) -> Plain:
    if value and (isinstance(value, Secret) or path in hidden):
        return HIDDEN
    match value:
        case msgspec.Struct():
            return {name: _plain(held, _at(path, name), hidden) for name, held in _fields(value)}
        case tuple():
            return [_plain(item, path, hidden) for item in value]
        case Seconds():
            return _duration(value)
        case _:
            return _scalar(value)


def _scalar(value: object) -> Plain:
    match value:
        case bool() | None:
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case _:
            return str(value)


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(value):
        yield field.encode_name, getattr(value, field.name)


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _duration(seconds: float) -> str:
    whole = math.isclose(seconds, round(seconds))
    return f"{round(seconds)}s" if whole else f"{seconds * 1000:g}ms"
