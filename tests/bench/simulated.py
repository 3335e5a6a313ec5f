"""How many measurements the simulated lab makes a second, beside what it costs to write them as JSON and to judge them.

    python tests/bench/simulated.py [--rounds 60] [--json]

40 probe hosts with 10 targets each, nothing happens; all figures are of one core, by its own time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from probe.config.shape import Seconds
from probe.lab.outside import STANDARD
from probe.lab.scenario import LabNetwork, Noise, Scenario
from probe.lab.simulated.play import Bench, measurements
from probe.lab.simulated.stream import Stream
from probe.model import Endpoint, Feature, Measurement, Service

ROUND = 60.0
WARM = 30
"""Rounds in which the templates are made."""
FEATURES = 5
"""Beside the five controls that every probe host has."""


def world(networks: Iterable[LabNetwork], features: int) -> Scenario:
    held = tuple(
        Feature(
            id=f"f{n}",
            name=f"f{n}",
            endpoints=(Endpoint(id=f"e{n}", url=f"https://f{n}.example.com/", expect="well"),),
        )
        for n in range(features)
    )
    return Scenario(
        name="bench",
        title="bench",
        length=Seconds(86400),
        services=(Service(id="s", name="S", features=held),),
        networks=tuple(networks),
        noise=Noise(),
    )


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """Count what was done, and the processor seconds that it took."""
    before = time.process_time()
    count = work()
    return count, time.process_time() - before


def made(stream: Stream, rounds: int) -> int:
    return sum(1 for _ in stream.arrivals(WARM * ROUND, (WARM + rounds) * ROUND))


def written(held: list[Measurement]) -> int:
    encode = msgspec.json.Encoder().encode
    for one in held:
        encode(one)
    return len(held)


def judged(told: Scenario, held: list[Measurement], rounds: int) -> int:
    bench = Bench(told)
    share = len(held) // rounds
    for number in range(rounds):
        bench.take(held[number * share : (number + 1) * share])
        bench.sit((WARM + number + 1) * ROUND)
    return rounds * share


def run(rounds: int) -> dict[str, float]:
    double = [msgspec.structs.replace(network, vantages=2) for network in STANDARD]
    wide, narrow = world(double, FEATURES), world(STANDARD[:1], 1)
    stream, single = Stream(wide, 0), Stream(narrow, 0)
    for one in (stream, single):
        made(one, WARM)
    count, seconds = timed(lambda: made(stream, rounds))
    turns = 20 * rounds
    _, alone = timed(lambda: made(single, turns))
    held = list(measurements(wide, begin=WARM * ROUND, end=(WARM + 10) * ROUND))
    lines, writing = timed(lambda: written(held))
    heard, judging = timed(lambda: judged(wide, held, 10))
    return {
        "measurements_per_second": round(count / seconds),
        "rounds_per_second_of_one_series": round(turns / alone),
        "times_the_cost_of_writing_them_as_json": round(seconds / count / (writing / lines), 2),
        "share_of_the_cost_of_judging_them": round(seconds / count / (judging / heard), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = run(arguments.rounds)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name.replace('_', ' '):42} {value:>12,}\n")


if __name__ == "__main__":
    main()
