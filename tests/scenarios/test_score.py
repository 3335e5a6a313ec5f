"""The whole library in virtual time, one seed of each: nothing is ever confirmed as filtering that is none."""

from __future__ import annotations

import pytest

from probe.lab.score import batch, fleet, simulated
from probe.lab.score.chosen import chosen
from probe.lab.score.summary import Report, report

SEEDS = 1
AT = (60, 300, 900)
MOST_FALSE = 0


@pytest.fixture(scope="module")
def scored() -> Report:
    scenarios, refused = chosen([])
    todo = batch.tasks(scenarios, SEEDS, AT)
    played = list(fleet.each(simulated.play, todo, fleet.cores(), lambda _: None))
    return report(played, refused)


def test_every_scenario_is_one(scored: Report) -> None:
    assert scored.refused == ()
    assert len(scored.scenarios) >= 3 * 48


def test_nothing_is_falsely_confirmed_as_filtering(scored: Report) -> None:
    last = scored.summary[str(AT[-1])]
    assert last.false_filtering <= MOST_FALSE, scored.false_filtering
