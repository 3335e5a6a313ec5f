"""What more than one dashboard shows: the features × countries that are chosen, tiles, shares, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, QueryVariable

from deploy.grafana import frame, links, verdicts
from deploy.grafana.links import ROW, SERIES, Uid
from deploy.grafana.panels import (
    COUNT,
    PER_MINUTE,
    RATIO,
    SECONDS,
    Query,
    Shown,
    lines,
    number,
    stacked,
    timeline,
)
from deploy.grafana.tables import Column
from deploy.grafana.verdicts import GREEN, ORANGE, RED

CELLS = 'service=~"$service",feature=~"$feature",country=~"$country"'
HERE = 'country=~"$country"'
MARKED = 'service=~"$service|",country=~"$country|"'
"""Open incidents: one everywhere has no country, a disruption no service."""
Steps = tuple[tuple[float | None, str], ...]

COUNTRY_OF_SERIES = links.to(Uid.COUNTRY, "This country", country=links.of(SERIES, "country"))
COUNTRY_OF_ROW = links.to(Uid.COUNTRY, "This country", country=links.of(ROW, "country"))
SERVICE_OF_SERIES = links.to(Uid.SERVICE, "This service", service=links.of(SERIES, "service"))
SERVICE_OF_ROW = links.to(Uid.SERVICE, "This service", service=links.of(ROW, "service"))
COUNTRY = Column("country", links=[COUNTRY_OF_ROW])
FEW: Steps = ((None, RED), (1, ORANGE), (2, GREEN))
DAY = 86400.0
ENDS: Steps = ((None, RED), (7 * DAY, ORANGE), (21 * DAY, GREEN))
"""Seconds to the end of a certificate."""
NONE_BEST: Steps = ((None, GREEN), (1, ORANGE))
OF_CONTROLS = (
    f"sum by (reach) (worksforwhom_controls_ok{{{HERE}}})\n"
    f"/ sum by (reach) (worksforwhom_controls{{{HERE}}})"
)


def chosen(*, services: bool) -> tuple[QueryVariable, ...]:
    """Give the variables that `CELLS` reads."""
    return frame.service(several=services), frame.feature(), frame.country(several=True)


def tile(title: str, why: str, query: Query, steps: Steps, unit: str = COUNT) -> stat.Panel:
    """Show a number on a sixth of the row; a number for each series is taller, for its name."""
    height = 5 if query.legend else 4
    return number(
        Shown(
            title=title, why=why, queries=(query,), unit=unit, width=4, height=height, steps=steps
        )
    )


def causes(
    shown: Shown, by: str, legend: str, over: Sequence[DashboardLink], selector: str = CELLS
) -> statetimeline.Panel:
    """Show the most notable cause over the whole width, a row for each of what it is asked by."""
    query = Query(verdicts.cause(by, selector), legend)
    return timeline(
        replace(shown, queries=(query,), width=24, mappings=verdicts.CAUSE_NUMBERS, links=over)
    )


def shares(shown: Shown) -> timeseries.Panel:
    return lines(replace(shown, unit=RATIO, most=1))


def failures(why: str) -> timeseries.Panel:
    expr = (
        "60 * sum by (layer, failure) "
        f"(rate(probe_failures_total{{{CELLS}}}[$__rate_interval])) > 0"
    )
    return stacked(
        Shown(
            title="Failures by layer and name",
            why=why,
            queries=(Query(expr, "{{layer}} {{failure}}"),),
            unit=PER_MINUTE,
            width=12,
            height=9,
        )
    )


def statuses(why: str, width: int) -> timeseries.Panel:
    query = Query(f'count_values("status", probe_http_status_code{{{CELLS}}})', "{{status}}")
    return stacked(Shown(title="HTTP status", why=why, queries=(query,), width=width))


def by_stage(title: str, why: str, quantile: float) -> timeseries.Panel:
    expr = (
        f"histogram_quantile({quantile}, sum by (le, stage) "
        f"(rate(probe_stage_duration_seconds_bucket{{{CELLS}}}[$__rate_interval])))"
    )
    query = Query(expr, "{{stage}}", exemplars=True)
    return lines(Shown(title=title, why=why, queries=(query,), unit=SECONDS, width=12))


def went_well(field: str) -> Column:
    return Column(
        field, "went well", unit=RATIO, steps=((None, RED), (0.5, ORANGE), (0.95, GREEN))
    )
