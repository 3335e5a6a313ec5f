"""The simulated lab's plays, as they are scored: one short scenario, and a minute of a quiet world."""

from __future__ import annotations

from probe.lab import library
from probe.lab.score.batch import Lot
from probe.lab.score.calm import World, parts
from probe.lab.score.quiet import Shard
from probe.lab.score.simulated import play, watch


def test_a_scenario_is_played_and_scored_and_told_of_under_each_seed() -> None:
    ticks: list[int] = []
    two = play(Lot(scenario=library.load("cut-off"), seeds=(0, 3), at=(60, 240)), ticks.append)
    assert [(played.name, played.seed) for played in two] == [("cut-off", 0), ("cut-off", 3)]
    assert {row.at for played in two for row in played.rows} == {60, 240}
    assert ticks == [1, 1]


def test_a_part_of_the_quiet_world_is_watched_to_its_end() -> None:
    ticks: list[int] = []
    (scenario,) = parts(World(services=1, countries=2, networks=1, rounds=3), 1)
    watched = watch(Shard(scenario=scenario, seed=0, lane=0), ticks.append)
    assert watched.measurements > 0
    assert sum(ticks) == 3
