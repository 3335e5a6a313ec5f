"""The tables name only fields that there are, and every row can find something."""

import msgspec
import pytest

from probe.config import check, load
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    QuickstartConfig,
    ReferenceConfig,
)

ROWS = [(shape, rule) for shape, rules in check.CHECKS.items() for rule in rules]


def field_exists(shape: type[msgspec.Struct], dotted: str) -> bool:
    found: msgspec.inspect.Type = msgspec.inspect.type_info(shape)
    for part in dotted.split("."):
        if isinstance(found, msgspec.inspect.UnionType):
            kinds = [t for t in found.types if isinstance(t, msgspec.inspect.VarTupleType)]
            found = kinds[0] if part == "*" and kinds else found.types[0]
        if part == "*" and isinstance(found, msgspec.inspect.VarTupleType):
            found = found.item_type
        elif isinstance(found, msgspec.inspect.StructType):
            fields = {field.name: field.type for field in found.fields}
            if part not in fields:
                return False
            found = fields[part]
        else:
            return False
    return True


def test_every_row_names_a_field_of_its_shape() -> None:
    assert [rule.field for shape, rule in ROWS if not field_exists(shape, rule.field)] == []
    assert [
        name
        for shape, names in load.PATHS.items()
        for name in names
        if not field_exists(shape, name)
    ] == []


def test_every_sentence_says_what_would_be_right() -> None:
    sentences = [rule.wanted for _, rule in ROWS if not isinstance(rule, check.Whole)]
    assert [text for text in sentences if not text.startswith("must ")] == []


def test_every_file_has_a_table() -> None:
    files = {AgentConfig, Catalogue, CorrelatorConfig, QuickstartConfig, ReferenceConfig}
    assert set(check.CHECKS) == files


@pytest.mark.parametrize(
    ("path", "text"), [((), ""), (("a",), "a"), (("a", 0, "b"), "a[0].b"), ((0, "a"), "[0].a")]
)
def test_a_path_is_written_with_dots(path: tuple[str | int, ...], text: str) -> None:
    assert check.dotted(path) == text


class Free(msgspec.Struct):
    listen: str


def test_a_shape_without_a_table_is_as_its_types_say() -> None:
    assert list(check.problems(Free("anything at all"))) == []
