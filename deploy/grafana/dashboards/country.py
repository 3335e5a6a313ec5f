"""One country: its networks, its controls, the signs of a disruption, and its vantages."""

from __future__ import annotations

from deploy.grafana import frame, links, pieces, verdicts
from deploy.grafana.links import ROW, SERIES, Uid
from deploy.grafana.panels import (
    COUNT,
    PER_MINUTE,
    SECONDS,
    Query,
    Shown,
    lines,
    stacked,
)
from deploy.grafana.pieces import HERE
from deploy.grafana.tables import Column, listed
from deploy.grafana.verdicts import GREEN, ORANGE, RED

CELLS = f'service=~"$service",{HERE}'
RUNS = f'service=~"$service",service!="control",{HERE}'
AGENTS = f'job="worksforwhom-agent",{HERE}'
TO_VANTAGE = links.to(
    Uid.VANTAGE, "This vantage", country="${country}", instance=links.of(ROW, "instance")
)


REPORTING = pieces.tile(
    "Vantages reporting",
    "Vantages of this country that the correlator heard within the window.",
    Query(f"max(worksforwhom_vantages_reporting{{{HERE}}})"),
    pieces.FEW,
)
HEALTHY = pieces.tile(
    "Healthy vantages",
    "Vantages whose controls find nothing wrong with themselves. Only these have a vote.",
    Query(f"sum(worksforwhom_vantage_healthy{{{HERE}}})"),
    pieces.FEW,
)
NETWORKS = pieces.tile(
    "Networks",
    "Different networks (AS numbers) with a vantage here, by the labels of the scrape. For a "
    "country it takes two.",
    Query(f"count(count by (asn) (worksforwhom_vantage_healthy{{{HERE}}}))"),
    pieces.FEW,
)
UNREACHED = pieces.tile(
    "Vantages Prometheus misses",
    "Vantages that Prometheus can not scrape. All of a country at once: a sign of a disruption.",
    Query(f"count(up{{{AGENTS}}} == 0) or vector(0)"),
    pieces.NONE_BEST,
)
INCIDENTS = pieces.tile(
    "Open incidents here",
    "Open incidents that name this country.",
    Query(f"count(max by (service, cause) (worksforwhom_incident_open{{{HERE}}})) or vector(0)"),
    pieces.NONE_BEST,
)
SERVICES = pieces.tile(
    "Services failing",
    "Services of which more than half of the last runs here failed. Many unrelated ones at "
    "once speak of the network, one alone speaks of that service.",
    Query(f"count(avg by (service) (probe_success{{{RUNS}}}) < 0.5) or vector(0)"),
    ((None, GREEN), (1, ORANGE), (3, RED)),
)
VERDICTS = pieces.causes(
    Shown(
        title="Features over time",
        why="The country's verdict on each feature. A gap means that there was no verdict, not "
        "that it worked.",
        queries=(),
        height=12,
    ),
    verdicts.CELL,
    "{{service}} {{feature}}",
    [
        links.to(
            Uid.INCIDENT,
            "This service here",
            country="${country}",
            service=links.of(SERIES, "service"),
            feature=links.of(SERIES, "feature"),
        ),
        pieces.SERVICE_OF_SERIES,
        links.statements(),
    ],
    CELLS,
)
BY_NETWORK = pieces.shares(
    Shown(
        title="Runs that went well, by network",
        why="Share of the last runs that met their expectation, by AS number of the scrape's "
        "labels. One network alone below the others: its operator, not the country.",
        queries=(
            Query(
                f"avg by (asn, network_kind) (probe_success{{{RUNS}}})",
                "AS{{asn}} {{network_kind}}",
            ),
        ),
        width=12,
        height=9,
    )
)
BY_SERVICE = pieces.shares(
    Shown(
        title="Runs that went well, by service",
        why="Share of the last runs that met their expectation, by service.",
        queries=(Query(f"avg by (service) (probe_success{{{RUNS}}})", "{{service}}"),),
        width=12,
        height=9,
        links=[pieces.SERVICE_OF_SERIES],
    )
)
CONTROLS = pieces.shares(
    Shown(
        title="Controls that answer, by reach",
        why="Share of the controls that met their expectation: domestic ones stand in the country, "
        "foreign ones outside. Domestic well and foreign failing is a country cut off; both "
        "failing at one vantage is that vantage.",
        queries=(Query(pieces.OF_CONTROLS, "{{reach}}"),),
    )
)
CONTROLS_BY_NETWORK = pieces.shares(
    Shown(
        title="Foreign controls that answer, by network",
        why="Share of the foreign controls that met their expectation, by AS number: which "
        "operators have lost the world, and when each of them did.",
        queries=(
            Query(
                f'sum by (asn) (worksforwhom_controls_ok{{{HERE},reach="foreign"}})\n'
                f'/ sum by (asn) (worksforwhom_controls{{{HERE},reach="foreign"}})',
                "AS{{asn}}",
            ),
        ),
    )
)
UNWELL = stacked(
    Shown(
        title="Unhealthy vantages by reason",
        why="What is wrong with vantages themselves, by reason. `offline` at many vantages of one "
        "country within minutes is a sign of a disruption.",
        queries=(
            Query(f"sum by (reason) (worksforwhom_vantage_unhealthy{{{HERE}}})", "{{reason}}"),
        ),
    )
)
HEARD = lines(
    Shown(
        title="Vantages heard and scraped",
        why="Vantages the correlator hears, and vantages Prometheus reaches. Both falling together "
        "is lost connectivity; one of them alone is a broken path of ours.",
        queries=(
            Query(f"max(worksforwhom_vantages_reporting{{{HERE}}})", "heard by the correlator"),
            Query(f"sum(up{{{AGENTS}}})", "scraped by Prometheus"),
        ),
    )
)
LAYERS = stacked(
    Shown(
        title="Failing runs by layer",
        why="Runs per minute that failed, all services together, by the layer. A disruption fails "
        "in DNS and TCP for everything; filtering fails for some names, often in DNS or TLS.",
        queries=(
            Query(
                f"60 * sum by (layer) (rate(probe_failures_total{{{RUNS}}}[$__rate_interval]))",
                "{{layer}}",
            ),
        ),
        unit=PER_MINUTE,
    )
)
SLOWNESS = lines(
    Shown(
        title="Duration by service",
        why="What whole runs took on average. Rising for one service alone, with its runs still "
        "going well, may be throttling.",
        queries=(Query(f"avg by (service) (probe_duration_seconds{{{RUNS}}})", "{{service}}"),),
        unit=SECONDS,
    )
)
VANTAGES = listed(
    Shown(
        title="Vantages",
        why="Each probe host of the country: its network, whether it has a vote, how its last runs "
        "went, and how long ago the newest one began.",
        queries=(
            Query(
                f"max by (instance, asn, network_kind) (worksforwhom_vantage_healthy{{{HERE}}})"
            ),
            Query(f"avg by (instance, asn, network_kind) (probe_success{{{RUNS}}})"),
            Query(
                "time() - max by (instance, asn, network_kind) "
                f"(probe_last_run_timestamp_seconds{{{HERE}}})"
            ),
            Query(f"max by (instance, asn, network_kind) (worksforwhom_spool_depth{{{HERE}}})"),
        ),
        width=24,
        height=9,
    ),
    [
        Column("instance", links=[TO_VANTAGE]),
        Column("asn"),
        Column("network_kind"),
        Column("Value #A", "healthy", mappings=verdicts.YES_NO),
        pieces.went_well("Value #B"),
        Column(
            "Value #C",
            "newest run, ago",
            unit=SECONDS,
            steps=((None, GREEN), (180, ORANGE), (600, RED)),
        ),
        Column("Value #D", "waiting to be sent", unit=COUNT),
    ],
)

BOARD = frame.Board(
    uid=Uid.COUNTRY,
    title="worksforwhom: country",
    about="One country: its networks, its controls, the signs of a disruption, its vantages.",
    variables=(frame.country(several=False), frame.service(several=True)),
    annotated='country=~"$country|"',
    sections=frame.sections(
        ("Now", (REPORTING, HEALTHY, NETWORKS, UNREACHED, INCIDENTS, SERVICES)),
        ("Verdicts", (VERDICTS,)),
        ("Networks and services", (BY_NETWORK, BY_SERVICE)),
        (
            "Controls and signs of a disruption",
            (CONTROLS, CONTROLS_BY_NETWORK, UNWELL, HEARD, LAYERS, SLOWNESS),
        ),
        ("Vantages", (VANTAGES,)),
    ),
)
