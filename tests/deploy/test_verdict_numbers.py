"""Verdicts in the dashboards: a number, a word and a colour for each, and PromQL that comes to them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.grafana import verdicts
from probe.model import Cause, State

PROMTOOL = shutil.which("promtool")


def test_every_cause_and_state_has_a_number_a_word_and_a_colour() -> None:
    assert set(verdicts.CAUSES) == set(Cause)
    assert set(verdicts.STATE_LOOKS) == set(State)
    for looks in (verdicts.CAUSES.values(), verdicts.STATE_LOOKS.values()):
        for part in ("number", "word", "colour"):
            values = [getattr(look, part) for look in looks]
            assert all(values)
            assert len(set(values)) == len(values)


def test_works_is_the_least_notable_and_insufficient_hides_it() -> None:
    numbers = {cause: look.number for cause, look in verdicts.CAUSES.items()}
    assert numbers.pop(Cause.OK) < verdicts.UNSURE < min(numbers.values())
    assert max(numbers, key=numbers.__getitem__) is Cause.FILTERING


# country, feature → leading cause, state
HELD = {
    ("IR", "web"): (Cause.FILTERING, State.LIKELY),
    ("IR", "media"): (Cause.OK, State.CONFIRMED),
    ("DE", "web"): (Cause.OK, State.CONFIRMED),
    ("DE", "media"): (Cause.FILTERING, State.INSUFFICIENT),
    ("FR", "web"): (Cause.OK, State.LIKELY),
    ("FR", "media"): (Cause.SERVICE_OUTAGE, State.SUSPECTED),
    ("JP", "web"): (Cause.OK, State.CONFIRMED),
}


def series() -> Iterator[dict[str, str]]:
    """Write HELD as the correlator's state sets."""
    for (country, feature), (cause, state) in HELD.items():
        cell = f'service="twitter",feature="{feature}",country="{country}"'
        for name in Cause:
            member = f'{verdicts.CAUSE}{{{cell},{verdicts.CAUSE}="{name}"}}'
            yield {"series": member, "values": f"{int(name is cause)}x2"}
        for grade in State:
            member = f'{verdicts.STATE}{{{cell},{verdicts.STATE}="{grade}"}}'
            yield {"series": member, "values": f"{int(grade is state)}x2"}


def weighed(expr: str, numbers: dict[str, int], folder: Path) -> subprocess.CompletedProcess[str]:
    """Let promtool say whether the expression comes to these numbers, by labels."""
    samples = [{"labels": labels, "value": number} for labels, number in numbers.items()]
    asked = {"expr": expr, "eval_time": "1m", "exp_samples": samples}
    tests = [{"interval": "1m", "input_series": [*series()], "promql_expr_test": [asked]}]
    path = folder / "tests.yml"
    path.write_bytes(msgspec.yaml.encode({"evaluation_interval": "1m", "tests": tests}))
    command = [str(PROMTOOL), "test", "rules", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)")
def test_the_most_notable_cause_of_a_country_is_asked_for(tmp_path: Path) -> None:
    numbers = {
        '{country="IR"}': verdicts.CAUSES[Cause.FILTERING].number,
        '{country="DE"}': verdicts.UNSURE,
        '{country="FR"}': verdicts.CAUSES[Cause.SERVICE_OUTAGE].number,
        '{country="JP"}': verdicts.CAUSES[Cause.OK].number,
    }
    answer = weighed(verdicts.cause("country", 'service="twitter"'), numbers, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)")
def test_each_cells_state_is_asked_for(tmp_path: Path) -> None:
    numbers = {
        f'{{service="twitter",feature="{feature}",country="{country}"}}': looks.number
        for (country, feature), (_, state) in HELD.items()
        for looks in [verdicts.STATE_LOOKS[state]]
    }
    answer = weighed(verdicts.state('service="twitter"'), numbers, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
