"""Where one dashboard leads to: stable ids, the ways between them, and the correlator's pages."""

from __future__ import annotations

from enum import StrEnum

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

TAG = "worksforwhom"


class Uid(StrEnum):
    """Part of every link that anybody keeps: never changed."""

    WORLD = "worksforwhom-world"
    SERVICE = "worksforwhom-service"
    COUNTRY = "worksforwhom-country"
    VANTAGE = "worksforwhom-vantage"
    INCIDENT = "worksforwhom-incident"


KEPT = "${datasource:queryparam}&${correlator_url:queryparam}&${__url_time_range}"
"""What every way takes along: the variables that all dashboards have, and the time range."""


def to(uid: Uid, title: str, **variables: str) -> DashboardLink:
    """Lead to another dashboard with these variables set."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return DashboardLink(title).url(f"/d/{uid}?{KEPT}{chosen}")


def statements(title: str = "Statements and evidence") -> DashboardLink:
    """Lead to the correlator's statements, each of which leads on to its own page.

    A metric carries no incident's id, for its values have no bound; so no link can name one.
    """
    return DashboardLink(title).url("${correlator_url}/#now").target_blank(target_blank=True)


def on_page(service: str) -> DashboardLink:
    """Lead to a service's table on the correlator's page."""
    url = f"${{correlator_url}}/#service-{service}"
    return DashboardLink("On the correlator's page").url(url).target_blank(target_blank=True)


def siblings() -> DashboardLink:
    """List all dashboards at the top of each."""
    link = DashboardLink("worksforwhom").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return (
        link.as_dropdown(as_dropdown=True)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )


def pages() -> DashboardLink:
    """Lead from the top of a dashboard to the correlator's page."""
    link = DashboardLink("Statements").type(DashboardLinkType.LINK).icon("external link")
    return (
        link.url("${correlator_url}/")
        .tooltip("The correlator's page")
        .target_blank(target_blank=True)
    )


# What a row of a table, a point of a map or a series says of itself.
ROW = "${__data.fields.%s}"
SERIES = "${__field.labels.%s}"


def of(where: str, label: str) -> str:
    """Give the value of a label in the row or the series that was clicked."""
    return where % label
