"""A YAML file as a tree that remembers the line of everything in it.

Plain scalars follow YAML 1.2 (`NO` is Norway, `12:30` is text, a date is text); duplicate keys,
merge keys, endless nesting and alias bombs are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 500_000
"""Aliases counted at every use: a few lines of them can stand for billions of nodes."""

LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE
INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class ConfigError(Exception):
    """What is wrong with a file of the user's, in one sentence: `file:line: field: …; …`."""


class EmptyError(ConfigError):
    """The file says nothing at all."""


class Scalar(msgspec.Struct, frozen=True):
    line: int
    value: str | int | float | bool | None
    weight: int = 1


class Items(msgspec.Struct, frozen=True):
    line: int
    children: tuple[Node, ...]
    weight: int


class Mapping(msgspec.Struct, frozen=True):
    line: int
    children: dict[str, Node]
    keys: dict[str, int]
    """The line of each key."""
    weight: int


Node = Scalar | Items | Mapping
Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None


TOO_DEEP = "maximum nesting depth"
"""libyaml's own bound, from PyYAML 6.0.4 on: it is met before ours is."""


def parse(path: Path) -> Node:
    """Raise ConfigError for what is not one well-formed YAML document."""
    text = _text(path)
    try:
        return _Composer(path, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        where = f", column {mark.column + 1}" if mark else ""
        problem = error.problem or "it cannot be read"
        if TOO_DEEP in problem:
            raise ConfigError(f"{place}: nested deeper than {MAX_DEPTH} levels") from None
        raise ConfigError(f"{place}: not valid YAML{where}: {problem}{_hint(problem)}") from None
    except yaml.YAMLError as error:
        found = UNPRINTABLE.search(text)
        number = text.count("\n", 0, found.start()) + 1 if found else 1
        problem = f"holds {found[0]!r}; remove that character" if found else str(error)
        raise ConfigError(f"{path}:{number}: not valid YAML: {problem}") from None


def plain(node: Node) -> Plain:
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(child) for child in node.children]
        case Mapping():
            return {key: plain(child) for key, child in node.children.items()}


def line(node: Node, path: tuple[str | int, ...]) -> int:
    """Give the line of what stands at `path`, or of the nearest thing around it."""
    found = node.line
    for part in path:
        match node, part:
            case Mapping(), str() if part in node.children:
                found = node.keys[part]
                node = node.children[part]
            case Items(), int() if part < len(node.children):
                node = node.children[part]
                found = node.line
            case _:
                break
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r}: is not a file name") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES // 1024**2} MiB; split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{number}: is not UTF-8; save it as UTF-8") from None


def _hint(problem: str) -> str:
    if "cannot start any token" in problem:
        return "; indent with spaces, never tabs, and quote a text that begins with @, ` or %"
    if "mapping values are not allowed" in problem:
        return "; quote a text that contains ': '"
    return ""


class _Composer:
    """Events to nodes. PyYAML's own composer keeps neither depth nor the cost of aliases."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        self.anchors: dict[str, Node] = {}

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if not isinstance(event, yaml.NodeEvent):
                continue
            if root is not None:
                raise self.error(event, "a second document begins; keep one document per file")
            root = self.node(event, 0)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise EmptyError(f"{self.path}: is empty")
        return root

    def node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(self.line(event), _scalar(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.items(event, depth)
        else:
            node = self.mapping(event, depth)
        if node.weight > MAX_NODES:
            raise self.error(event, f"stands for more than {MAX_NODES} values; use fewer aliases")
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        found = self.anchors.get(event.anchor or "")
        if found is None:
            raise self.error(event, f"*{event.anchor} stands for nothing before this line")
        return found

    def items(self, start: yaml.Event, depth: int) -> Items:
        children = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            children.append(self.node(event, depth + 1))
        return Items(self.line(start), tuple(children), 1 + sum(c.weight for c in children))

    def mapping(self, start: yaml.Event, depth: int) -> Mapping:
        children: dict[str, Node] = {}
        keys: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, keys)
            keys[key] = self.line(event)
            children[key] = self.node(next(self.events), depth + 1)
        weight = 1 + sum(child.weight for child in children.values())
        return Mapping(self.line(start), children, keys, weight)

    def key(self, event: yaml.Event, seen: dict[str, int]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.error(event, "a key is not plain text")
        key = event.value
        if key == "<<" and event.implicit[0]:
            raise self.error(event, "merge keys (<<) are not read; write the keys out")
        if key in seen:
            raise self.error(event, f"{key}: is given twice; first on line {seen[key]}")
        return key

    def line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return mark.line + 1 if mark else 1

    def error(self, event: yaml.Event, problem: str) -> ConfigError:
        return ConfigError(f"{self.path}:{self.line(event)}: {problem}")


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if not event.implicit[0] or event.tag is not None:
        return text
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text
