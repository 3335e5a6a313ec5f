"""Panels as this project draws them: one record of what is shown, one function for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard, units
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
COUNT = units.Short
RATIO = units.PercentUnit
SECONDS = units.Seconds
BYTES = units.BytesIEC
PER_MINUTE = units.CountsPerMinute


@dataclass(frozen=True)
class Query:
    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a panel shows, whatever its kind."""

    title: str
    why: str
    """What it says and how to read it, for somebody who sees it for the first time."""
    queries: tuple[Query, ...]
    unit: str = COUNT
    width: int = 8
    height: int = 8
    steps: tuple[tuple[float | None, str], ...] = ()
    """Thresholds: from which value which colour; the first from None."""
    mappings: Sequence[dashboard.ValueMapping] = ()
    links: Sequence[DashboardLink] = ()
    most: float | None = None
    """The scale's end, where it has one."""


class Panel(Protocol):
    """What the panel builders of the SDK have in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def with_target(self, target: Builder[Dataquery]) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def max(self, max_val: float) -> Self: ...
    def mappings(self, mappings: list[dashboard.ValueMapping]) -> Self: ...
    def thresholds(self, thresholds: Builder[dashboard.ThresholdsConfig]) -> Self: ...
    def color_scheme(self, color: Builder[dashboard.FieldColor]) -> Self: ...
    def data_links(self, links: list[Builder[dashboard.DashboardLink]]) -> Self: ...
    def build(self) -> dashboard.Panel: ...


P = TypeVar("P", bound=Panel)


def framed(panel: P, shown: Shown, targets: Sequence[prometheus.Dataquery]) -> P:
    """Put onto a panel what every kind has."""
    panel.title(shown.title).description(shown.why).datasource(SOURCE)
    panel.span(shown.width).height(shown.height).unit(shown.unit)
    panel.mappings(list(shown.mappings)).data_links(list(shown.links))
    panel.thresholds(thresholds(shown.steps))
    for target in targets:
        panel.with_target(target)
    return panel if shown.most is None else panel.max(shown.most)


def thresholds(steps: Sequence[tuple[float | None, str]]) -> ThresholdsConfig:
    named = [dashboard.Threshold(value=value, color=colour) for value, colour in steps]
    config = ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE)
    return config.steps(named or [dashboard.Threshold(value=None, color="text")])


def over_time(shown: Shown) -> list[prometheus.Dataquery]:
    return [_target(query, index).range() for index, query in enumerate(shown.queries)]


def now(shown: Shown) -> list[prometheus.Dataquery]:
    return [_target(query, index).instant() for index, query in enumerate(shown.queries)]


def rows(shown: Shown) -> list[prometheus.Dataquery]:
    """Ask for the present as a table: a row for each series, a column for each label."""
    return [target.format(PromQueryFormat.TABLE) for target in now(shown)]


def _target(query: Query, index: int) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id("ABCDEFGH"[index]).datasource(SOURCE)
    target.legend_format(query.legend or "__auto")
    return target.exemplar(exemplar=True) if query.exemplars else target


# ── the kinds ────────────────────────────────────────────────────────────────────────────────


def lines(shown: Shown) -> timeseries.Panel:
    panel = framed(timeseries.Panel(), shown, over_time(shown))
    panel.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
    panel.line_width(1).fill_opacity(8).show_points(VisibilityMode.NEVER).axis_soft_min(0)
    # a short gap is a missed scrape, a long one is silence and must be seen as such
    panel.span_nulls(120_000)
    panel.tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    return panel.legend(_legend())


def stacked(shown: Shown) -> timeseries.Panel:
    panel = lines(shown).fill_opacity(45)
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))


def number(shown: Shown) -> stat.Panel:
    """One number now, or one for each series."""
    panel = framed(stat.Panel(), shown, now(shown))
    panel.color_mode(BigValueColorMode.BACKGROUND if shown.steps else BigValueColorMode.NONE)
    panel.graph_mode(BigValueGraphMode.NONE).reduce_options(_last())
    named = any(query.legend for query in shown.queries)
    text = BigValueTextMode.VALUE_AND_NAME if named else BigValueTextMode.VALUE
    return panel.text_mode(text)


def bars(shown: Shown) -> bargauge.Panel:
    panel = framed(bargauge.Panel(), shown, now(shown)).reduce_options(_last()).min(0)
    return panel.orientation(VizOrientation.HORIZONTAL).show_unfilled(show_unfilled=True)


def timeline(shown: Shown) -> statetimeline.Panel:
    """States over time, a row for each series; words stand in the bars beside their colours."""
    panel = framed(statetimeline.Panel(), shown, over_time(shown))
    panel.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    panel.show_value(VisibilityMode.AUTO).merge_values(merge_values=True).row_height(0.85)
    panel.fill_opacity(85).line_width(0).per_page(40)
    return panel.legend(_legend())


def distribution(shown: Shown) -> heatmap.Panel:
    """A classic histogram's buckets over time; the query sums by `le`."""
    targets = [target.format(PromQueryFormat.HEATMAP) for target in over_time(shown)]
    panel = framed(heatmap.Panel(), shown, targets).calculate(calculate=False)
    return panel.y_axis(heatmap.YAxisConfig().unit(SECONDS)).cell_gap(1).show_legend()


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return legend.placement(LegendPlacement.BOTTOM).show_legend(show_legend=True)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
