"""Plays of the simulated lab, in the shapes that are scored here."""

from __future__ import annotations

from collections.abc import Iterator

from probe.judge.docket import Docket
from probe.lab.scenario import Scenario
from probe.lab.score.batch import Lot
from probe.lab.score.fleet import Tick
from probe.lab.score.outcome import Played
from probe.lab.score.playing import Task, score
from probe.lab.score.quiet import Shard, Watched, follow
from probe.lab.score.session import Round, rounds
from probe.lab.simulated import play as simulated
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.stage import Stage

BEFORE = 10
"""Rounds measured before the first one that is judged."""


def play(lot: Lot, tick: Tick) -> tuple[Played, ...]:
    """Play a scenario under each of its seeds, and score them."""
    stage = Stage(lot.scenario)
    return tuple(_played(stage, seed, lot.at, tick) for seed in lot.seeds)


def _played(stage: Stage, seed: int, at: tuple[int, ...], tick: Tick) -> Played:
    task = Task(scenario=stage.scenario, seed=seed, at=at)
    played = score(task, simulated.judged(stage, seed))
    tick(1)
    return played


def watch(shard: Shard, tick: Tick) -> Watched:
    """Play and judge a part of the quiet world, from its first round to its last."""
    return follow(shard.scenario, _rounds(shard.scenario, shard.seed, shard.rounds), tick)


def _rounds(scenario: Scenario, seed: int, count: int) -> Iterator[Round]:
    begin, end = -BEFORE * scenario.round, count * scenario.round
    arriving = simulated.measurements(scenario, seed, begin=begin, end=end)
    return rounds(scenario, EPOCH, arriving, Docket(), count)
