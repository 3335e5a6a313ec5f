"""One service: which of its features, in which countries, and in which step it fails."""

from __future__ import annotations

from deploy.grafana import frame, links, pieces, verdicts
from deploy.grafana.links import SERIES, Uid
from deploy.grafana.panels import (
    COUNT,
    SECONDS,
    Query,
    Shown,
    distribution,
    lines,
    stacked,
)
from deploy.grafana.pieces import CELLS, COUNTRY_OF_SERIES
from deploy.grafana.tables import Column, listed, matrix

STAGES = {"dns": "DNS", "tcp": "TCP", "tls": "TLS", "http": "HTTP"}

FEATURES = matrix(
    Shown(
        title="Features by country",
        why="The verdict on each feature in each country now. `insufficient`: measured, but the "
        "evidence does not separate the causes; `no data`: not measured, which does not mean that "
        "it works. Click a cell for its incident.",
        queries=(Query(f"max by (feature, country) ({verdicts.cause(verdicts.CELL, CELLS)})"),),
        width=24,
        height=8,
        mappings=verdicts.CAUSE_NUMBERS,
        links=[
            links.to(
                Uid.INCIDENT,
                "This country",
                service="${service}",
                country="${__field.name}",
                feature="${__data.fields[0]}",
            ),
            links.on_page("${service}"),
        ],
    ),
    row="feature",
    column="country",
)
TIMELINE = pieces.causes(
    Shown(
        title="Features by country over time",
        why="A row for each feature in each country. A service's own outage shows in all countries "
        "at once, filtering in one of them. A gap means that there was no verdict.",
        queries=(),
        height=12,
    ),
    verdicts.CELL,
    "{{feature}} {{country}}",
    [
        links.to(
            Uid.INCIDENT,
            "This feature in this country",
            service="${service}",
            feature=links.of(SERIES, "feature"),
            country=links.of(SERIES, "country"),
        ),
        COUNTRY_OF_SERIES,
    ],
)
SUCCESS = pieces.shares(
    Shown(
        title="Runs that went well, by country",
        why="Share of the endpoints' last runs that met their expectation, over the country's "
        "vantages. The fact beneath the verdicts; unhealthy vantages are counted too.",
        queries=(Query(f"avg by (country) (probe_success{{{CELLS}}})", "{{country}}"),),
        links=[COUNTRY_OF_SERIES],
    )
)
DURATION = lines(
    Shown(
        title="Duration by country",
        why="What a whole run took, name to last byte, on average over endpoints and vantages.",
        queries=(Query(f"avg by (country) (probe_duration_seconds{{{CELLS}}})", "{{country}}"),),
        unit=SECONDS,
        links=[COUNTRY_OF_SERIES],
    )
)
STATUS = pieces.statuses(
    "How many endpoints at how many vantages last answered with which status; 0 is no "
    "answer at all. A 5xx over a valid certificate is the service's own word.",
    width=8,
)
FAILURES = pieces.failures(
    "Runs per minute that failed, by the layer and the name of the failure that ended "
    "them (OONI's names). A reset in TLS that depends on the name, a forged DNS answer or an "
    "unknown issuer speak of the path; a 5xx or a timeout everywhere speaks of the service."
)
FAILING = pieces.shares(
    Shown(
        title="Failing runs by country",
        why="Share of runs that failed, by country. One country alone apart from the others is "
        "what filtering looks like; all together is what an outage looks like.",
        queries=(
            Query(
                f"sum by (country) (rate(probe_failures_total{{{CELLS}}}[$__rate_interval]))\n"
                f"/ sum by (country) (rate(probe_runs_total{{{CELLS}}}[$__rate_interval]))",
                "{{country}}",
            ),
        ),
        width=12,
        height=9,
        links=[COUNTRY_OF_SERIES],
    )
)
PERCENTILES = pieces.by_stage(
    "95th percentile by stage",
    "What the slowest twentieth of the steps took at least, by stage, over all chosen "
    "countries. Dots are exemplars: each names a measurement.",
    0.95,
)
PHASES = stacked(
    Shown(
        title="HTTP phases",
        why="Where the time of an average run goes: resolve, connect, TLS, the service's own "
        "processing, transfer; summed over redirects, named as blackbox_exporter names them.",
        queries=(Query(f"avg by (phase) (probe_http_duration_seconds{{{CELLS}}})", "{{phase}}"),),
        unit=SECONDS,
        width=12,
    )
)
CERTIFICATES = listed(
    Shown(
        title="Certificates",
        why="The earliest end among the certificates each endpoint presented, seen from any "
        "vantage, also where verification failed. A country where it differs sees another chain.",
        queries=(
            Query(
                f"min by (feature, endpoint) (probe_ssl_earliest_cert_expiry{{{CELLS}}}) - time()"
            ),
        ),
        unit=SECONDS,
        width=12,
        height=9,
    ),
    [
        Column("feature"),
        Column("endpoint"),
        Column(
            "Value",
            "runs out in",
            unit=SECONDS,
            steps=pieces.ENDS,
        ),
    ],
)
ENDPOINTS = listed(
    Shown(
        title="Endpoints",
        why="Each endpoint over all chosen countries: how many vantages' last runs went well, and "
        "what they took.",
        queries=(
            Query(f"avg by (feature, endpoint) (probe_success{{{CELLS}}})"),
            Query(f"avg by (feature, endpoint) (probe_duration_seconds{{{CELLS}}})"),
            Query(f"max by (feature, endpoint) (probe_http_redirects{{{CELLS}}})"),
        ),
        unit=COUNT,
        width=12,
        height=9,
    ),
    [
        Column("feature"),
        Column("endpoint"),
        pieces.went_well("Value #A"),
        Column("Value #B", "took", unit=SECONDS),
        Column("Value #C", "redirects", unit=COUNT),
    ],
)


def _stage(stage: str, name: str) -> Shown:
    buckets = f'probe_stage_duration_seconds_bucket{{{CELLS},stage="{stage}"}}'
    return Shown(
        title=name,
        why=f"How long the {name} steps took, over all chosen features and countries: a band that "
        "splits in two is one place slower than the rest.",
        queries=(Query(f"sum by (le) (increase({buckets}[$__rate_interval]))", "{{le}}"),),
        unit=COUNT,
        width=6,
    )


DISTRIBUTIONS = tuple(distribution(_stage(stage, name)) for stage, name in STAGES.items())

BOARD = frame.Board(
    uid=Uid.SERVICE,
    title="worksforwhom: service",
    about="One service: which features, in which countries, and in which step it fails.",
    variables=pieces.chosen(services=False),
    annotated=pieces.MARKED,
    sections=frame.sections(
        ("Verdicts", (FEATURES, TIMELINE)),
        ("What was seen", (SUCCESS, DURATION, STATUS, FAILURES, FAILING)),
        ("Time", (PERCENTILES, PHASES, *DISTRIBUTIONS)),
        ("Endpoints", (ENDPOINTS, CERTIFICATES)),
    ),
)
