"""Tables: the columns that are kept, in their order, each with its unit, words, colours and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.common import (
    TableCellBackgroundDisplayMode,
    TableColoredBackgroundCellOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMapping,
)

from deploy.grafana.panels import Shown, framed, rows, thresholds

COLOURED = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)


@dataclass(frozen=True)
class Column:
    field: str
    """A label, or `Value`, or `Value #A` where there are several queries."""
    title: str = ""
    """Left out: the field's own name. Labels keep theirs, for links name them."""
    unit: str = ""
    mappings: Sequence[ValueMapping] = ()
    steps: tuple[tuple[float | None, str], ...] = ()
    links: Sequence[DashboardLink] = ()


def listed(shown: Shown, columns: Sequence[Column]) -> table.Panel:
    """One row for each series now, or for each set of labels where there are several queries."""
    panel = framed(table.Panel(), shown, rows(shown)).filterable(filterable=True)
    if len(shown.queries) > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    # first by name alone, so that labels of the scrape that are not listed do not appear
    names = [column.field for column in columns]
    keep = {"include": {"names": names}}
    panel.with_transformation(DataTransformerConfig(id_val="filterFieldsByName", options=keep))
    panel.with_transformation(DataTransformerConfig(id_val="organize", options=_order(columns)))
    for column in columns:
        panel.override_by_name(column.title or column.field, _properties(column))
    return panel


def matrix(shown: Shown, *, row: str, column: str) -> table.Panel:
    """Lay one instant query out as a table of `row` by `column`; a hole says `no data`."""
    panel = framed(table.Panel(), shown, rows(shown)).cell_options(COLOURED)
    options = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    panel.with_transformation(DataTransformerConfig(id_val="groupingToMatrix", options=options))
    plain = [
        DynamicConfigValue("custom.cellOptions", {"type": "auto"}),
        DynamicConfigValue("links", []),
    ]
    return panel.override_by_name(
        f"{row}\\{column}", [DynamicConfigValue("displayName", row), *plain]
    )


def _order(columns: Sequence[Column]) -> dict[str, object]:
    return {
        "indexByName": {column.field: index for index, column in enumerate(columns)},
        "renameByName": {column.field: column.title for column in columns if column.title},
        "excludeByName": {},
    }


def _properties(column: Column) -> list[DynamicConfigValue]:
    properties = {
        "unit": column.unit,
        "mappings": list(column.mappings),
        "thresholds": thresholds(column.steps).build() if column.steps else None,
        "links": [link.build() for link in column.links],
        "custom.cellOptions": COLOURED if column.mappings or column.steps else None,
    }
    return [DynamicConfigValue(name, value) for name, value in properties.items() if value]
