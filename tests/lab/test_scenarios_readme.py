"""The guide to writing scenarios says what the code takes: fields, forms, mechanisms; and its example plays."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from probe.config.shape import Seconds, Section
from probe.lab import library
from probe.lab.kernel import world
from probe.lab.kernel.run import unplayable
from probe.lab.outside import STANDARD
from probe.lab.scenario import (
    Cohort,
    Dependency,
    DependencyKind,
    Event,
    Expected,
    Form,
    LabNetwork,
    Noise,
    Scenario,
    Site,
)
from probe.lab.simulated import mechanism
from probe.lab.simulated.play import measurements
from probe.model import Cause, Scope

GUIDE = (library.HERE / "README.md").read_text()
SECTIONS: dict[str, type[Section]] = {
    "The scenario": Scenario,
    "`networks`": LabNetwork,
    "`dependencies`": Dependency,
    "`dependencies.sites`": Site,
    "`cohorts`": Cohort,
    "`noise`": Noise,
    "`timeline`": Event,
    "`expected`": Expected,
}
WORDS = {"": "empty", Noise(): "see there"}


def rows(heading: str) -> list[list[str]]:
    """Read the table under a heading: its cells, without the table's own first two lines."""
    section = re.split(r"^##+ ", GUIDE.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_field_is_told_in_order(heading: str) -> None:
    told = [cells[0].strip("`") for cells in rows(heading)]
    assert told == [field.name for field in msgspec.structs.fields(SECTIONS[heading])]


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_field_has_the_default_that_is_told(heading: str) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(SECTIONS[heading])}
    for name, said, *_ in rows(heading):
        assert said == default(fields[name.strip("`")]), name


def default(field: msgspec.structs.FieldInfo) -> str:
    """Say a default as the guide does."""
    if field.required:
        return "required"
    if field.default == () or field.default is None:
        return "none"
    if isinstance(field.default, Seconds):
        short = 0 < field.default < 1
        return f"{field.default * 1000:g} ms" if short else f"{field.default:g} s"
    return WORDS.get(field.default, "") or str(field.default).lower().removesuffix(".0")


def test_every_form_is_told_with_who_can_play_it() -> None:
    told = [(cells[0].strip("`"), cells[1] == "yes") for cells in rows("Forms")]
    assert told == [(form.value, True) for form in Form]


@pytest.mark.parametrize(
    "kind", [*DependencyKind, *Scope, *(c for c in Cause if c is not Cause.OK)]
)
def test_every_kind_cause_and_scope_is_told(kind: str) -> None:
    assert f"`{kind}`" in GUIDE


def test_every_mechanism_is_told_with_who_can_play_it() -> None:
    told = {
        cells[0].strip("`"): (cells[1] == "yes", cells[2] == "yes") for cells in rows("Mechanisms")
    }
    packets, virtual = set(world.playable()), set(mechanism.known())
    assert told == {id_: (id_ in packets, id_ in virtual) for id_ in packets | virtual}
    assert all(cells[3] for cells in rows("Mechanisms"))


def test_the_rest_of_the_world_is_counted_and_listed() -> None:
    countries = list(dict.fromkeys(network.country for network in STANDARD))
    assert len(STANDARD) == 20
    assert f"twenty networks of ten countries ({', '.join(countries)})" in GUIDE


def example() -> str:
    (found,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_example_is_a_sound_scenario(tmp_path: Path) -> None:
    path = tmp_path / "kiosk-two-causes.yaml"
    path.write_text(example())
    scenario = library.load(str(path))
    assert scenario.name == path.stem
    assert len({network.country for network in scenario.networks}) > 8
    assert list(unplayable(scenario)) == []


def test_the_example_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "kiosk-two-causes.yaml"
    path.write_text(example())
    made = measurements(library.load(str(path)), begin=660, end=720)
    hit = [m for m in made if m.vantage.asn == 3243 and m.target.service == "kiosk"]
    assert hit
    failures = {step.failure.name for m in hit for step in m.observations if step.failure}
    assert failures == {"connection_reset"}
