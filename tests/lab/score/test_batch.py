"""What there is to play, longest first."""

from __future__ import annotations

from probe.config.shape import Seconds
from probe.lab.score.batch import tasks
from tests.lab.score.made import but, scenario


def test_every_seed_of_every_scenario_longest_first() -> None:
    short = but(scenario(name="short"), length=Seconds(600))
    found = tasks([short, scenario(name="long")], 2, (60,))
    assert [(t.scenario.name, t.seed) for t in found] == [
        ("long", 0), ("long", 1), ("short", 0), ("short", 1),
    ]  # fmt: skip
    assert found[0].at == (60,)
