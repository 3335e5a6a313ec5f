"""A file's tree to a typed value, and msgspec's complaints to sentences that name the line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import inspect

from probe.config import document, unit
from probe.config.check import dotted
from probe.config.document import ConfigError, Node

T = TypeVar("T", bound=msgspec.Struct)

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
    "datetime": "a time, as 2026-12-01T04:00:00Z",
}
QUOTABLE = frozenset({"int", "float", "bool"})
"""What becomes text in quotes."""
TYPE_ERROR = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
MISSING = re.compile(r"Object missing required field `([^`]*)`")
PLACE = re.compile(r"^(.*?)(?: - at `\$([^`]*)`)?$", re.DOTALL)
PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]")


def converted(path: Path, root: Node, shape: type[T]) -> T:
    """Raise ConfigError for unknown keys at any depth, wrong types and missing fields."""
    for place, problem in _unknown_keys(root, inspect.type_info(shape), ()):
        raise failure(path, root, place, problem)
    try:
        return msgspec.convert(document.plain(root), shape, dec_hook=unit.hook)
    except msgspec.ValidationError as error:
        found = PLACE.match(str(error))
        said, where = (found[1], found[2] or "") if found else (str(error), "")
        parts = tuple(m[1] or int(m[2]) for m in PART.finditer(where))
        raise failure(path, root, parts, _plainly(said, inspect.type_info(shape), parts)) from None


def _plainly(said: str, shape: inspect.Type, path: tuple[str | int, ...]) -> str:
    if missing := MISSING.match(said):
        return f"`{missing[1]}` is missing"
    if wrong := TYPE_ERROR.match(said):
        wanted = " or ".join(KINDS.get(k.strip(), k.strip()) for k in wrong[1].split("|"))
        quote = "; put it in quotes" if wrong[1] == "str" and wrong[2] in QUOTABLE else ""
        return f"expected {wanted}, got {KINDS.get(wrong[2], wrong[2])}{quote}"
    if "RFC3339" in said or "timezone component" in said:
        return "is no time with its zone; write it as 2026-12-01T04:00:00Z"
    if said.startswith("Invalid enum value"):
        kind = _type_at(shape, path)
        allowed = kind.cls if isinstance(kind, inspect.EnumType) else ()
        return f"{said[len('Invalid enum value ') :]} is none of {', '.join(m.value for m in allowed)}"
    return said


def _type_at(shape: inspect.Type, path: tuple[str | int, ...]) -> inspect.Type:
    for part in path:
        inner = _inside(shape)
        if isinstance(inner, inspect.StructType):
            shape = next((f.type for f in inner.fields if f.encode_name == part), inner)
        elif isinstance(inner, inspect.VarTupleType):
            shape = inner.item_type
    return _inside(shape)


def _inside(shape: inspect.Type) -> inspect.Type:
    """Look through `X | None`."""
    if isinstance(shape, inspect.UnionType):
        return next(t for t in shape.types if not isinstance(t, inspect.NoneType))
    return shape


def _unknown_keys(
    node: Node, shape: inspect.Type, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find keys that no field reads: the nouns themselves accept them, as a wire format must."""
    match node, _inside(shape):
        case document.Mapping(), inspect.StructType() as struct:
            fields = {field.encode_name: field.type for field in struct.fields}
            for key, child in node.children.items():
                if key in fields:
                    yield from _unknown_keys(child, fields[key], (*at, key))
                else:
                    yield (*at, key), _unknown(key, fields)
        case document.Items(), inspect.VarTupleType(item_type=item):
            for number, child in enumerate(node.children):
                yield from _unknown_keys(child, item, (*at, number))
        case _:
            pass


def _unknown(key: str, fields: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 — a daemon whose file is right never needs it

    near = difflib.get_close_matches(key.lower(), fields, n=1)
    right = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(fields)}"
    return f"unknown key; {right}"


def failure(file: Path, root: Node, path: tuple[str | int, ...], text: str) -> ConfigError:
    field = dotted(path)
    place = f"{file}:{document.line(root, path)}: "
    return ConfigError(f"{place}{field}: {text}" if field else f"{place}{text}")
