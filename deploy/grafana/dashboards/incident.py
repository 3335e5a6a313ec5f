"""One service's incident: what the correlator holds, how sure it is, and the facts beside it."""

from __future__ import annotations

from deploy.grafana import frame, links, pieces, verdicts
from deploy.grafana.links import Uid
from deploy.grafana.panels import (
    Query,
    Shown,
    number,
    timeline,
)
from deploy.grafana.pieces import CELLS, COUNTRY_OF_SERIES, HERE
from deploy.grafana.tables import Column, listed
from deploy.grafana.verdicts import GREEN, GREY, ORANGE, RED

ELSEWHERE = 'service=~"$service",feature=~"$feature",country!~"$country"'
PLACES = links.statements("The statement, its evidence and its doubt")

OPEN = listed(
    Shown(
        title="Open incidents of this service",
        why="What the correlator holds open for the service in the chosen countries. The sentence "
        "itself, with the witnesses, is on the correlator's page.",
        queries=(
            Query(
                "max by (cause, state, scope, country) "
                f"(worksforwhom_incident_open{{{pieces.MARKED}}})"
            ),
        ),
        width=12,
    ),
    [
        Column("cause", mappings=verdicts.CAUSE_NAMES, links=[PLACES]),
        Column("state", mappings=verdicts.STATE_NAMES, links=[PLACES]),
        pieces.COUNTRY,
        Column("scope"),
    ],
)
WELL = number(
    Shown(
        title="Cells that work",
        why="Features × countries that work, of all that are chosen, with enough evidence to say so.",
        queries=(Query(f"count(({verdicts.cause(verdicts.CELL, CELLS)}) == 1) or vector(0)"),),
        width=4,
        steps=((None, GREY), (1, GREEN)),
    )
)
UNSURE = number(
    Shown(
        title="Cells without an answer",
        why="Features × countries whose evidence does not separate the causes.",
        queries=(
            Query(
                f"count(({verdicts.cause(verdicts.CELL, CELLS)}) == {verdicts.UNSURE}) or vector(0)"
            ),
        ),
        width=4,
        steps=((None, GREEN), (1, GREY)),
    )
)
VOTES = number(
    Shown(
        title="Healthy vantages",
        why="Vantages with a vote in the chosen countries. Below two networks in a country the "
        "correlator does not speak of the country.",
        queries=(Query(f"sum(worksforwhom_vantage_healthy{{{HERE}}})"),),
        width=4,
        steps=((None, RED), (1, ORANGE), (2, GREEN)),
    )
)
CAUSES = pieces.causes(
    Shown(
        title="Cause over time",
        why="The leading cause for each feature in each country; `insufficient` where the evidence "
        "does not separate the causes. When did it begin, where first, where not at all?",
        queries=(),
        height=10,
    ),
    verdicts.CELL,
    "{{feature}} {{country}}",
    [PLACES, COUNTRY_OF_SERIES],
)
CONFIDENCE = pieces.shares(
    Shown(
        title="Confidence",
        why="The leading cause's share of belief, 0 to 1, whichever cause it is. A dip is a moment "
        "when two causes were rivals.",
        queries=(
            Query(
                f"max by (feature, country) (worksforwhom_verdict_confidence_ratio{{{CELLS}}})",
                "{{feature}} {{country}}",
            ),
        ),
        width=12,
        height=9,
        links=[PLACES],
    )
)
STATES = timeline(
    Shown(
        title="State of the verdict",
        why="How far the evidence goes: suspected, likely, confirmed. Certainty comes of more "
        "networks and differential tests, never of more rounds alone.",
        queries=(Query(verdicts.state(CELLS), "{{feature}} {{country}}"),),
        width=12,
        height=9,
        mappings=verdicts.STATE_NUMBERS,
        links=[PLACES],
    )
)
CROSSCHECK = timeline(
    Shown(
        title="What Prometheus would say by itself",
        why="The verdict of the recording rules, which know only what failed where: there to "
        "contradict the correlator, not to be believed. A gap: not plain enough to say. Empty "
        "where deploy/prometheus/rules are not loaded.",
        queries=(Query(verdicts.crosscheck(CELLS), "{{feature}} {{country}}"),),
        width=24,
        mappings=verdicts.SIDE_NUMBERS,
    )
)
EVIDENCE = pieces.failures(
    "Runs per minute that failed, in the chosen countries, by layer and by OONI's name of "
    "the failure: the facts that the rules read."
)
BY_PLACE = listed(
    Shown(
        title="Failures by country and name, within the hour",
        why="Failed runs of the last hour: the same name in one country only points to the path, "
        "in all of them to the service.",
        queries=(
            Query(
                "sort_desc(sum by (country, layer, failure) "
                f"(increase(probe_failures_total{{{CELLS}}}[1h])) > 0)"
            ),
        ),
        width=12,
        height=9,
    ),
    [
        pieces.COUNTRY,
        Column("layer"),
        Column("failure"),
        Column("Value", "failed runs", unit="short"),
    ],
)
HERE_AND_ELSEWHERE = pieces.shares(
    Shown(
        title="Here and elsewhere",
        why="Share of the last runs that went well, in the chosen countries and in all others, "
        "which are the control. Choose the countries in question; with all chosen there is no "
        "elsewhere.",
        queries=(
            Query(f"avg(probe_success{{{CELLS}}})", "the chosen countries"),
            Query(f"avg(probe_success{{{ELSEWHERE}}})", "all others"),
        ),
    )
)
OTHER_SERVICES = pieces.shares(
    Shown(
        title="Other services in the same places",
        why="Share of the last runs that went well, of every service in the chosen countries. All "
        "falling together is the network, not this service.",
        queries=(
            Query(f'avg by (service) (probe_success{{service!="control",{HERE}}})', "{{service}}"),
        ),
        links=[pieces.SERVICE_OF_SERIES],
    )
)
CONTROLS = pieces.shares(
    Shown(
        title="Controls in the same places",
        why="Share of the controls that met their expectation, in the chosen countries, by reach.",
        queries=(Query(pieces.OF_CONTROLS, "{{reach}}"),),
    )
)
STAGES = pieces.by_stage(
    "Median by stage",
    "What the median step took, by stage. Dots are exemplars: each names a measurement "
    "that the correlator's page can show.",
    0.5,
)
STATUS = pieces.statuses(
    "How many endpoints at how many vantages last answered with which status; 0 is none.",
    width=12,
)

BOARD = frame.Board(
    uid=Uid.INCIDENT,
    title="worksforwhom: incident",
    about="One service's incident: the verdicts and how sure they are, beside the facts.",
    variables=pieces.chosen(services=False),
    annotated=pieces.MARKED,
    since="now-3h",
    sections=frame.sections(
        ("What is held", (OPEN, WELL, UNSURE, VOTES, CAUSES, CONFIDENCE, STATES, CROSSCHECK)),
        ("What was seen", (EVIDENCE, BY_PLACE)),
        ("Beside it", (HERE_AND_ELSEWHERE, OTHER_SERVICES, CONTROLS, STAGES, STATUS)),
    ),
)
