"""Plays of the simulated lab, in the shapes that are scored here."""

from __future__ import annotations

from itertools import islice

from probe.lab.score.batch import Lot
from probe.lab.score.fleet import Tick
from probe.lab.score.outcome import Played
from probe.lab.score.playing import Task, score
from probe.lab.score.quiet import Shard, Watched, follow
from probe.lab.simulated import play as simulated
from probe.lab.simulated.stage import Stage


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
    """Play and judge a part of the quiet world, from the end of its first round to its last."""
    moments = simulated.judged(Stage(shard.scenario), shard.seed, shard.lane)
    return follow(shard.scenario, islice(moments, 1, None), tick)
