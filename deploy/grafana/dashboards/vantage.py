"""One vantage: whether it is well itself, keeps its schedule, and gets rid of what it measured."""

from __future__ import annotations

from deploy.grafana import frame, pieces, verdicts
from deploy.grafana.links import Uid
from deploy.grafana.panels import (
    BYTES,
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
from deploy.grafana.tables import Column, listed
from deploy.grafana.verdicts import GREEN, ORANGE, RED

HERE = 'country=~"$country",instance=~"$instance"'


def _per_minute(metric: str, by: str) -> str:
    return f"60 * sum by ({by}) (rate({metric}{{{HERE}}}[$__rate_interval]))"


HEALTHY = number(
    Shown(
        title="Healthy",
        why="Whether the controls find nothing wrong with the vantage itself. An unhealthy one is "
        "measured on, and has no vote.",
        queries=(Query(f"worksforwhom_vantage_healthy{{{HERE}}}", "{{instance}}"),),
        width=4,
        height=5,
        steps=((None, RED), (1, GREEN)),
        mappings=verdicts.YES_NO,
    )
)
NEWEST = pieces.tile(
    "Since the newest run",
    "How long ago the newest run began, of any endpoint.",
    Query(
        f"time() - max by (instance) (probe_last_run_timestamp_seconds{{{HERE}}})", "{{instance}}"
    ),
    ((None, GREEN), (180, ORANGE), (600, RED)),
    SECONDS,
)
DELIVERED = pieces.tile(
    "Since the last delivery",
    "How long ago the correlator last took a batch. Meanwhile the spool keeps what is measured.",
    Query(
        f"time() - worksforwhom_uplink_last_success_timestamp_seconds{{{HERE}}}", "{{instance}}"
    ),
    ((None, GREEN), (300, ORANGE), (3600, RED)),
    SECONDS,
)
FULL = pieces.tile(
    "Spool in use",
    "Share of the spool's bound that is taken. When it is full the oldest is dropped, and counted.",
    Query(
        f"worksforwhom_spool_bytes{{{HERE}}} / worksforwhom_spool_max_bytes{{{HERE}}}",
        "{{instance}}",
    ),
    ((None, GREEN), (0.5, ORANGE), (0.9, RED)),
    RATIO,
)
BUGS = pieces.tile(
    "Faults of the program, a day",
    "Runs that a fault of this program ended, within a day. Any is worth a report.",
    Query(f"sum by (instance) (increase(probe_bugs_total{{{HERE}}}[1d]))", "{{instance}}"),
    ((None, GREEN), (1, RED)),
)
CONFIGURED = number(
    Shown(
        title="Configuration taken",
        why="Whether the configuration was good when it was last read, and each listener's own "
        "web.config_file where it has one. `no`: it goes on with the older one, and its log names "
        "the file and line.",
        queries=(
            Query(f"worksforwhom_config_last_reload_successful{{{HERE}}}", "{{instance}}"),
            Query(
                f"worksforwhom_web_config_last_reload_successful{{{HERE}}}",
                "{{instance}} {{listener}}",
            ),
        ),
        width=4,
        height=5,
        steps=((None, RED), (1, GREEN)),
        mappings=verdicts.YES_NO,
    )
)
REASONS = timeline(
    Shown(
        title="What is wrong with it",
        why="The reasons for which a vantage loses its vote: offline, a broken resolver, a wrong "
        "clock, a captive portal, and so on. The first that fits is named.",
        queries=(Query(f"worksforwhom_vantage_unhealthy{{{HERE}}}", "{{instance}} {{reason}}"),),
        width=12,
        height=9,
        mappings=verdicts.NO_YES,
    )
)
CONTROLS = pieces.shares(
    Shown(
        title="Controls that answer",
        why="Share of the controls of the last round that met their expectation, by reach.",
        queries=(
            Query(
                f"worksforwhom_controls_ok{{{HERE}}} / worksforwhom_controls{{{HERE}}}",
                "{{instance}} {{reach}}",
            ),
        ),
        width=12,
        height=9,
    )
)
LAG = lines(
    Shown(
        title="Scheduler lag",
        why="How long after its turn a run began. A busy or throttled machine shows here first, "
        "and its timings are then its own, not the network's.",
        queries=(
            Query(
                "histogram_quantile(0.5, sum by (le, instance) "
                f"(rate(worksforwhom_scheduler_lag_seconds_bucket{{{HERE}}}[$__rate_interval])))",
                "{{instance}} median",
            ),
            Query(
                "histogram_quantile(0.99, sum by (le, instance) "
                f"(rate(worksforwhom_scheduler_lag_seconds_bucket{{{HERE}}}[$__rate_interval])))",
                "{{instance}} 99th percentile",
            ),
        ),
        unit=SECONDS,
    )
)
TURNS = lines(
    Shown(
        title="Runs, and turns not taken",
        why="Runs finished per minute; turns skipped because the run before still ran; turns that "
        "went by in a stall of the process.",
        queries=(
            Query(_per_minute("probe_runs_total", "instance"), "{{instance}} runs"),
            Query(_per_minute("probe_skipped_total", "instance"), "{{instance}} skipped"),
            Query(_per_minute("probe_missed_total", "instance"), "{{instance}} missed"),
        ),
        unit=PER_MINUTE,
    )
)
RUNNING = lines(
    Shown(
        title="Runs under way",
        why="Runs at work at the moment of the scrape. At the configured concurrency all the time "
        "means that the interval is too short for this host.",
        queries=(Query(f"probe_running{{{HERE}}}", "{{instance}}"),),
    )
)
DEPTH = lines(
    Shown(
        title="Measurements waiting",
        why="Measurements in the spool. It grows while the correlator is away and shrinks after.",
        queries=(Query(f"worksforwhom_spool_depth{{{HERE}}}", "{{instance}}"),),
    )
)
SIZE = lines(
    Shown(
        title="Spool size",
        why="Bytes in the spool, beside its bound.",
        queries=(
            Query(f"worksforwhom_spool_bytes{{{HERE}}}", "{{instance}}"),
            Query(f"worksforwhom_spool_max_bytes{{{HERE}}}", "{{instance}} bound"),
        ),
        unit=BYTES,
    )
)
OLDEST = lines(
    Shown(
        title="Age of the oldest waiting",
        why="How long ago the oldest measurement in the spool was made. Nothing is shown while the "
        "spool is empty.",
        queries=(
            Query(
                f"time() - worksforwhom_spool_oldest_timestamp_seconds{{{HERE}}}", "{{instance}}"
            ),
        ),
        unit=SECONDS,
    )
)
SENT = lines(
    Shown(
        title="Delivered and refused",
        why="Measurements per minute that the correlator took, and that it refused for good.",
        queries=(
            Query(_per_minute("worksforwhom_uplink_sent_total", "instance"), "{{instance}} sent"),
            Query(
                _per_minute("worksforwhom_uplink_refused_total", "instance"),
                "{{instance}} refused",
            ),
        ),
        unit=PER_MINUTE,
    )
)
ERRORS = stacked(
    Shown(
        title="Uplink errors by reason",
        why="Attempts per minute to send that failed. Nothing is lost by one: the batch is tried "
        "again, later and later.",
        queries=(
            Query(
                _per_minute("worksforwhom_uplink_errors_total", "instance, reason"),
                "{{instance}} {{reason}}",
            ),
        ),
        unit=PER_MINUTE,
    )
)
DROPPED = stacked(
    Shown(
        title="Measurements lost",
        why="Measurements per minute that will never arrive, by reason, and broken spool files "
        "moved aside. Anything above zero is lost evidence.",
        queries=(
            Query(
                _per_minute("worksforwhom_measurements_dropped_total", "instance, reason"),
                "{{instance}} {{reason}}",
            ),
            Query(
                _per_minute("worksforwhom_spool_corrupt_total", "instance"),
                "{{instance}} broken files",
            ),
        ),
        unit=PER_MINUTE,
    )
)
ENDPOINTS = listed(
    Shown(
        title="Endpoints from here",
        why="Each endpoint's last run, controls too: what it came to, its status (0: no answer), "
        "its duration, and which IP protocol it went by.",
        queries=(
            Query(f"min by (service, feature, endpoint) (probe_success{{{HERE}}})"),
            Query(f"max by (service, feature, endpoint) (probe_http_status_code{{{HERE}}})"),
            Query(f"max by (service, feature, endpoint) (probe_duration_seconds{{{HERE}}})"),
            Query(f"max by (service, feature, endpoint) (probe_ip_protocol{{{HERE}}})"),
        ),
        width=16,
        height=12,
    ),
    [
        Column("service", links=[pieces.SERVICE_OF_ROW]),
        Column("feature"),
        Column("endpoint"),
        Column("Value #A", "went well", mappings=verdicts.YES_NO),
        Column("Value #B", "status", unit="none"),
        Column("Value #C", "took", unit=SECONDS),
        Column("Value #D", "IP", unit="none"),
    ],
)
BUILD = listed(
    Shown(
        title="Build and place",
        why="The agent's version, and the country and network that the scrape's labels give it.",
        queries=(
            Query(
                "max by (instance, country, asn, network_kind, version, python) "
                f"(worksforwhom_build_info{{{HERE}}})"
            ),
        ),
        height=12,
    ),
    [
        Column("instance"),
        pieces.COUNTRY,
        Column("asn"),
        Column("network_kind"),
        Column("version"),
        Column("python"),
    ],
)

BOARD = frame.Board(
    uid=Uid.VANTAGE,
    title="worksforwhom: vantage",
    about="One probe host: is it well, does it keep its schedule, does it get rid of what it has?",
    variables=(frame.country(several=True), frame.vantage()),
    annotated='country=~"$country|"',
    sections=frame.sections(
        ("Now", (HEALTHY, NEWEST, DELIVERED, FULL, BUGS, CONFIGURED)),
        ("Health", (REASONS, CONTROLS)),
        ("Schedule", (LAG, TURNS, RUNNING)),
        ("Spool and uplink", (DEPTH, SIZE, OLDEST, SENT, ERRORS, DROPPED)),
        ("What it sees", (ENDPOINTS, BUILD)),
    ),
)
