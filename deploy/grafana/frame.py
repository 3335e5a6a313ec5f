"""What every dashboard has: variables, annotations, links, its refresh, and an id for each panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.links import TAG, Uid, pages, siblings
from deploy.grafana.panels import SOURCE
from deploy.grafana.verdicts import RED

SCHEMA_VERSION = 39
"""Grafana 10.4's. A newer Grafana raises it by itself; nothing here needs a later one."""
CORRELATOR = "http://127.0.0.1:8421"
"""Where deploy/compose has the pages."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A row with its panels."""

    title: str
    panels: Sequence[Builder[dashboard.Panel]]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard, before it is laid out."""

    uid: Uid
    title: str
    about: str
    variables: Sequence[Builder[VariableModel]]
    annotated: str
    """The selector of the open incidents that are marked on its graphs."""
    sections: Sequence[Section]
    tags: Sequence[str] = ()
    since: str = "now-6h"


def built(board: Board) -> dashboard.Dashboard:
    frame = Dashboard(board.title).uid(board.uid).description(board.about)
    frame.tags([TAG, *board.tags]).timezone("browser").refresh("30s").time(board.since, "now")
    frame.readonly().tooltip(DashboardCursorSync.CROSSHAIR).links([siblings(), pages()])
    frame.variables([_datasource(), *board.variables, _correlator()])
    frame.annotation(_incidents(board.annotated))
    for section in board.sections:
        frame.with_row(Row(section.title))
        for panel in section.panels:
            frame.with_panel(panel)
    return _numbered(frame.build())


def _numbered(made: dashboard.Dashboard) -> dashboard.Dashboard:
    made.schema_version = SCHEMA_VERSION
    for number, panel in enumerate(made.panels or [], start=1):
        panel.id_val = number
    return made


# ── variables ────────────────────────────────────────────────────────────────────────────────

ALL = VariableOption(text=["All"], value=["$__all"])


def service(*, several: bool) -> QueryVariable:
    """Choose services that verdicts speak of; controls are none."""
    query = "label_values(worksforwhom_verdict_state, service)"
    return _chosen("service", "Service", query, r"/^(?!control$).+$/", several=several)


def feature() -> QueryVariable:
    query = 'label_values(worksforwhom_verdict_state{service=~"$service"}, feature)'
    return _chosen("feature", "Feature", query, r"/^[a-z0-9][a-z0-9._-]*$/", several=True)


def country(*, several: bool) -> QueryVariable:
    query = "label_values(worksforwhom_vantages_reporting, country)"
    return _chosen("country", "Country", query, r"/^[A-Z]{2}$/", several=several)


def vantage() -> QueryVariable:
    """Choose probe hosts by the address that Prometheus scrapes; no other name of theirs is there."""
    query = 'label_values(worksforwhom_vantage_healthy{country=~"$country"}, instance)'
    return _chosen("instance", "Vantage", query, r"/^[^\s]+$/", several=True)


def _chosen(name: str, label: str, query: str, regex: str, *, several: bool) -> QueryVariable:
    asked: dict[str, object] = {
        "qryType": 1,
        "query": query,
        "refId": "PrometheusVariableQueryEditor-VariableQuery",
    }
    variable = QueryVariable(name).label(label).datasource(SOURCE).query(asked).definition(query)
    variable.regex(regex).sort(VariableSort.ALPHABETICAL_ASC)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).allow_custom_value(
        allow_custom_value=False
    )
    if several:
        # `.*` and not `.+`: a disruption belongs to no service, a scrape may lack a country
        variable.multi(multi=True).include_all(include_all=True).all_value(".*").current(ALL)
    return variable


def _datasource() -> DatasourceVariable:
    variable = DatasourceVariable("datasource").label("Data source").type("prometheus")
    return variable.allow_custom_value(allow_custom_value=False)


def _correlator() -> TextBoxVariable:
    option = VariableOption(selected=True, text=CORRELATOR, value=CORRELATOR)
    variable = TextBoxVariable("correlator_url").label("Correlator's page").options([option])
    variable.description(
        "Where a reader's browser finds the correlator's pages, without a slash at the end."
    )
    return variable.default_value(CORRELATOR).current(option)


# ── annotations ──────────────────────────────────────────────────────────────────────────────


def _incidents(selector: str) -> AnnotationQuery:
    expr = f"max by (service, cause, country) (worksforwhom_incident_open{{{selector}}})"
    target = prometheus.Dataquery().expr(expr).ref_id("Anno").interval("60s").range()
    mark = (
        AnnotationQuery().name("Incidents").datasource(SOURCE).target(target).enable(enable=True)
    )
    mark.icon_color(RED).title_format("{{cause}}").text_format("{{service}} {{country}}")
    return mark.tag_keys("cause,country")


def sections(*named: tuple[str, Sequence[Builder[dashboard.Panel]]]) -> tuple[Section, ...]:
    return tuple(Section(title=title, panels=panels) for title, panels in named)
