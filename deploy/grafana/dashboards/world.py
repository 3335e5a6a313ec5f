"""The world: what is wrong where, right now, and whether enough vantages are there to say so."""

from __future__ import annotations

from deploy.grafana import frame, links, pieces, verdicts
from deploy.grafana.links import ROW, SERIES, Uid
from deploy.grafana.maps import world
from deploy.grafana.panels import (
    COUNT,
    PER_MINUTE,
    SECONDS,
    Query,
    Shown,
    bars,
    lines,
    number,
    stacked,
)
from deploy.grafana.pieces import CELLS, COUNTRY_OF_ROW, MARKED, SERVICE_OF_ROW
from deploy.grafana.tables import Column, listed
from deploy.grafana.verdicts import GREEN, ORANGE, RED

OPEN = f"max by (service, cause, scope, state, country) (worksforwhom_incident_open{{{MARKED}}})"
REPORTING = 'max by (country) (worksforwhom_vantages_reporting{country=~"$country"})'
TO_INCIDENT = links.to(
    Uid.INCIDENT,
    "This service in this country",
    service=links.of(ROW, "service"),
    country=links.of(ROW, "country"),
)

OPEN_COUNT = number(
    Shown(
        title="Open incidents",
        why="Incidents the correlator holds open, of every cause and state.",
        queries=(Query("sum(worksforwhom_incidents_open)"),),
        width=4,
        height=4,
        steps=((None, GREEN), (1, ORANGE)),
        links=[links.statements()],
    )
)
COUNTRIES = pieces.tile(
    "Countries reporting",
    "Countries with at least one vantage heard within the window. Fewer than three can not "
    "tell a service's outage from a country's filtering.",
    Query(f"count({REPORTING} > 0) or vector(0)"),
    ((None, RED), (3, GREEN)),
)
VANTAGES = pieces.tile(
    "Vantages reporting",
    "Vantages heard within the window, in all chosen countries.",
    Query(f"sum({REPORTING})"),
    ((None, RED), (1, GREEN)),
)
SILENT = pieces.tile(
    "Countries gone silent",
    "Countries of the roster from which no vantage is heard at all. Silence of a whole "
    "country is a sign of a disruption, or of one agent that is down.",
    Query(f"count({REPORTING} == 0) or vector(0)"),
    ((None, GREEN), (1, ORANGE)),
)
AGE = pieces.tile(
    "Age of the newest measurement",
    "How long ago the newest measurement that the correlator has was made. Verdicts cannot "
    "be fresher than this.",
    Query("time() - max(worksforwhom_newest_measurement_timestamp_seconds)"),
    ((None, GREEN), (120, ORANGE), (300, RED)),
    SECONDS,
)
JUDGED = pieces.tile(
    "Since the last judging",
    "How long ago the correlator last weighed the evidence. Old: it is stuck, and every "
    "verdict here is out of date.",
    Query("time() - max(worksforwhom_last_judging_timestamp_seconds)"),
    ((None, GREEN), (60, ORANGE), (300, RED)),
    SECONDS,
)
MAP = world(
    Shown(
        title="Verdicts by country",
        why="For each country the most notable cause among the chosen services and features; "
        "`insufficient` where for one of them the evidence does not separate the causes and "
        "nothing worse is known; no marker where nothing is measured, which does not mean that "
        "it works.",
        queries=(Query(verdicts.cause("country", CELLS)),),
        width=14,
        height=14,
        mappings=verdicts.CAUSE_NUMBERS,
        links=[COUNTRY_OF_ROW],
    )
)
STATEMENTS = listed(
    Shown(
        title="Open incidents by country",
        why="One row for each country of each open incident. A disruption belongs to no service, "
        "an incident everywhere to no country. The careful sentence with its evidence is on the "
        "correlator's page.",
        queries=(Query(OPEN),),
        width=10,
        height=14,
    ),
    [
        Column("cause", mappings=verdicts.CAUSE_NAMES, links=[links.statements()]),
        Column("state", mappings=verdicts.STATE_NAMES, links=[links.statements()]),
        Column(
            "service", links=[SERVICE_OF_ROW, TO_INCIDENT, links.on_page(links.of(ROW, "service"))]
        ),
        Column("country", links=[COUNTRY_OF_ROW, TO_INCIDENT]),
        Column("scope"),
    ],
)
TIMELINE = pieces.causes(
    Shown(
        title="Services by country over time",
        why="A row for each service in each country: the most notable cause among its chosen "
        "features. A gap means that there was no verdict, not that it worked.",
        queries=(),
        height=14,
    ),
    "service, country",
    "{{service}} {{country}}",
    [
        links.to(
            Uid.INCIDENT,
            "This service in this country",
            service=links.of(SERIES, "service"),
            country=links.of(SERIES, "country"),
        ),
        pieces.SERVICE_OF_SERIES,
        pieces.COUNTRY_OF_SERIES,
    ],
)
BY_CAUSE = stacked(
    Shown(
        title="Open incidents by cause",
        why="How many incidents are open, by the cause the correlator holds most likely.",
        queries=(Query("sum by (cause) (worksforwhom_incidents_open)", "{{cause}}"),),
        width=12,
    )
)
for name, look in verdicts.CAUSE_SERIES.items():
    BY_CAUSE.override_by_name(name, look)
BY_COUNTRY = bars(
    Shown(
        title="Vantages reporting by country",
        why="Vantages heard within the window. With one network only, a country can not be told "
        "from its operator.",
        queries=(Query(f"sort_desc({REPORTING})", "{{country}}"),),
        width=12,
        steps=((None, RED), (1, ORANGE), (2, GREEN)),
        links=[pieces.COUNTRY_OF_SERIES],
    )
)
ALERTS = listed(
    Shown(
        title="Alerts firing",
        why="What Prometheus's rules say, beside the correlator's own verdicts. `Watchdog` fires "
        "always: without it alerting itself is broken.",
        queries=(
            Query('max by (alertname, severity, service, country) (ALERTS{alertstate="firing"})'),
        ),
        width=8,
    ),
    [Column("alertname"), Column("severity"), Column("service"), Column("country")],
)
INTAKE = lines(
    Shown(
        title="Measurements taken in",
        why="Measurements per minute: taken in, sent again, too late for a live verdict, and "
        "refused, by reason. A rising refusal means an agent of another build or a wrong clock.",
        queries=(
            Query(
                "60 * sum(rate(worksforwhom_intake_accepted_total[$__rate_interval]))", "accepted"
            ),
            Query(
                "60 * sum(rate(worksforwhom_intake_duplicate_total[$__rate_interval]))",
                "duplicate",
            ),
            Query("60 * sum(rate(worksforwhom_intake_late_total[$__rate_interval]))", "late"),
            Query(
                "60 * sum by (reason) (rate(worksforwhom_intake_refused_total[$__rate_interval]))",
                "refused: {{reason}}",
            ),
        ),
        unit=PER_MINUTE,
    )
)
REQUESTS = stacked(
    Shown(
        title="Requests to the intake",
        why="Agents' requests per minute by HTTP status. 401 is a wrong token, 413 too large a "
        "batch, 429 an agent told to slow down.",
        queries=(
            Query(
                "60 * sum by (code) (rate(worksforwhom_intake_requests_total[$__rate_interval]))",
                "{{code}}",
            ),
        ),
        unit=PER_MINUTE,
    )
)
JUDGING = lines(
    Shown(
        title="Judging time",
        why="What it takes to weigh all the evidence once. It must stay well under the time "
        "between two judgings.",
        queries=(
            Query(
                "histogram_quantile(0.5, sum by (le) (rate("
                "worksforwhom_judging_duration_seconds_bucket[$__rate_interval])))",
                "median",
            ),
            Query(
                "histogram_quantile(0.95, sum by (le) (rate("
                "worksforwhom_judging_duration_seconds_bucket[$__rate_interval])))",
                "95th percentile",
            ),
            Query("max(worksforwhom_judging_seconds)", "the last one"),
        ),
        unit=SECONDS,
    )
)
WEBHOOKS = lines(
    Shown(
        title="Webhook deliveries",
        why="Notices of incidents opened, updated and closed, by receiver and outcome, in each "
        "minute. Empty where no receiver is configured.",
        queries=(
            Query(
                "60 * sum by (receiver, outcome) "
                "(rate(worksforwhom_webhook_deliveries_total[$__rate_interval]))",
                "{{receiver}} {{outcome}}",
            ),
        ),
        unit=PER_MINUTE,
    )
)
BUILD = listed(
    Shown(
        title="Builds and configuration",
        why="Version of each agent and correlator, and whether it took its configuration and the "
        "files that protect its listeners, where it has any, when it last read them. `no`: it goes "
        "on with the older one; its log names the file and line. Where it speaks TLS, until when.",
        queries=(
            Query("max by (job, instance, version, python) (worksforwhom_build_info)"),
            Query("max by (job, instance) (worksforwhom_config_last_reload_successful)"),
            Query("min by (job, instance) (worksforwhom_web_config_last_reload_successful)"),
            Query(
                "min by (job, instance) (worksforwhom_web_certificate_expiry_timestamp_seconds) "
                "- time()"
            ),
        ),
        unit=COUNT,
    ),
    [
        Column("instance"),
        Column("job"),
        Column("version"),
        Column("python"),
        Column("Value #B", "configuration taken", mappings=verdicts.YES_NO),
        Column("Value #C", "web.config_file taken", mappings=verdicts.YES_NO),
        Column("Value #D", "certificate ends in", unit=SECONDS, steps=pieces.ENDS),
    ],
)

BOARD = frame.Board(
    uid=Uid.WORLD,
    title="worksforwhom: world",
    about="Is it the service, is it a country, or is it us? The correlator's verdicts everywhere.",
    variables=pieces.chosen(services=True),
    annotated=MARKED,
    tags=("overview",),
    sections=frame.sections(
        ("Now", (OPEN_COUNT, COUNTRIES, VANTAGES, SILENT, AGE, JUDGED, MAP, STATEMENTS)),
        ("Over time", (TIMELINE, BY_CAUSE, BY_COUNTRY)),
        ("The correlator and its agents", (INTAKE, REQUESTS, JUDGING, WEBHOOKS, ALERTS, BUILD)),
    ),
)
