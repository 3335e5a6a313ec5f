"""Verdicts as Grafana shows them: a number for each look, its word and its colour, and the PromQL.

The words are those of the correlator's pages. A state set has no number of its own, so queries
give each member the number of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions as SpecialOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from probe.model import Cause, State
from probe.web.words import CELLS, INSUFFICIENT, NO_DATA, STATES

GREEN, GREY, PALE = "#2f855a", "#7b8794", "#b8c0c8"
YELLOW, ORANGE, RED = "#d9a441", "#c8641b", "#b3261e"
CAUSE, STATE = "worksforwhom_verdict_cause", "worksforwhom_verdict_state"
CELL = "service, feature, country"
UNSURE = 2
"""The number of a cell whose state is `insufficient`, whatever its leading cause."""


@dataclass(frozen=True)
class Look:
    number: int
    word: str
    colour: str


CAUSES = {
    Cause.OK: Look(1, CELLS[Cause.OK], GREEN),
    Cause.LOCAL_FAULT: Look(3, CELLS[Cause.LOCAL_FAULT], "#5c6f91"),
    Cause.GEO_BLOCK: Look(4, CELLS[Cause.GEO_BLOCK], YELLOW),
    Cause.DEPENDENCY_OUTAGE: Look(5, CELLS[Cause.DEPENDENCY_OUTAGE], "#e08b3a"),
    Cause.SERVICE_OUTAGE: Look(6, CELLS[Cause.SERVICE_OUTAGE], ORANGE),
    Cause.THROTTLING: Look(7, CELLS[Cause.THROTTLING], "#d16ba5"),
    Cause.NETWORK_DISRUPTION: Look(8, CELLS[Cause.NETWORK_DISRUPTION], "#6b3fa0"),
    Cause.FILTERING: Look(9, CELLS[Cause.FILTERING], "#b01657"),
}
"""By how much one wants to see it: of several in one place the highest is shown."""

STATE_LOOKS = {
    State.INSUFFICIENT: Look(1, STATES[State.INSUFFICIENT], GREY),
    State.SUSPECTED: Look(2, STATES[State.SUSPECTED], YELLOW),
    State.LIKELY: Look(3, STATES[State.LIKELY], ORANGE),
    State.CONFIRMED: Look(4, STATES[State.CONFIRMED], RED),
}


SIDES = {
    "none": Look(1, "nothing wrong", GREEN),
    "service": Look(2, "the service's side", ORANGE),
    "country": Look(3, "the country's side", "#b01657"),
}
"""What the recording rules of deploy/prometheus say by themselves, without the correlator."""


def mapped(looks: Mapping[str, Look]) -> list[ValueMapping]:
    """Map values to words and colours; what is missing is called so, never left blank."""
    results = {
        value: ValueMappingResult(text=look.word, color=look.colour, index=index)
        for index, (value, look) in enumerate(looks.items())
    }
    none = ValueMappingResult(text=NO_DATA, color=PALE, index=len(results))
    options = SpecialOptions(match=SpecialValueMatch.NULL_AND_NAN, result=none)
    return [ValueMap(options=results), SpecialValueMap(options=options)]


def named(looks: Mapping[str, Look]) -> dict[str, list[DynamicConfigValue]]:
    """Give, by its plain name, how a series of a state is called and coloured."""
    return {
        name: [
            DynamicConfigValue("displayName", look.word),
            DynamicConfigValue("color", {"mode": "fixed", "fixedColor": look.colour}),
        ]
        for name, look in looks.items()
    }


CAUSE_NUMBERS = mapped(
    {str(look.number): look for look in CAUSES.values()}
    | {str(UNSURE): Look(UNSURE, INSUFFICIENT, GREY)}
)
CAUSE_NAMES = mapped({str(cause): look for cause, look in CAUSES.items()})
STATE_NUMBERS = mapped({str(look.number): look for look in STATE_LOOKS.values()})
SIDE_NUMBERS = mapped({str(look.number): look for look in SIDES.values()})
CAUSE_SERIES = named({str(cause): look for cause, look in CAUSES.items()})
STATE_NAMES = mapped({str(state): look for state, look in STATE_LOOKS.items()})
YES_NO = mapped({"1": Look(1, "yes", GREEN), "0": Look(0, "no", RED)})
NO_YES = mapped({"0": Look(0, "no", GREEN), "1": Look(1, "yes", RED)})


def cause(by: str, selector: str) -> str:
    """Give the PromQL of the most notable cause by the labels `by`, as a number of the tables."""
    known = _numbered(CAUSE, CAUSE, {str(name): look for name, look in CAUSES.items()}, selector)
    unsure = f'max by ({CELL}) ({STATE}{{{selector},{STATE}="{State.INSUFFICIENT}"}} == 1)'
    cells = f"(\n{known}\n  unless {unsure}\n) or {UNSURE} * {unsure}"
    return cells if by == CELL else f"max by ({by}) (\n{cells}\n)"


def state(selector: str) -> str:
    """Give the PromQL of each cell's state, as a number of the tables."""
    return _numbered(
        STATE, STATE, {str(name): look for name, look in STATE_LOOKS.items()}, selector
    )


def crosscheck(selector: str) -> str:
    """Give the PromQL of the recording rules' own verdict, as a number of `SIDES`."""
    return _numbered("country_feature:worksforwhom_crosscheck:bool", "side", SIDES, selector)


def _numbered(metric: str, label: str, looks: Mapping[str, Look], selector: str) -> str:
    """Of a state set exactly one member is 1, so the highest product is its number."""
    terms = [
        f'{look.number} * {metric}{{{selector},{label}="{name}"}}' for name, look in looks.items()
    ]
    return f"max by ({CELL}) (\n    " + "\n    or ".join(terms) + "\n  )"
