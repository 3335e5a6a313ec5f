"""An agent as `probe agent` runs it, but for its dice: every round begins with all targets at once.

    python tests/bench/cpu_agent.py AGENT.YAML [asyncio|uvloop] [PROFILE]

At the end of SIGTERM, PROFILE (where given) has what cProfile saw.
"""

from __future__ import annotations

import asyncio
import cProfile
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from probe import agent
from probe.cli import logs
from probe.cli.agent import read
from probe.clock import SystemClock


def bound(addresses: tuple[str, ...]) -> None:
    sys.stdout.write(f"{addresses[0]}\n")
    sys.stdout.flush()


def main(path: Path, loop: str, profile: str = "") -> None:
    config, catalogue = read(path)
    logs.to_stderr(config.log)
    module = import_module("uvloop" if loop == "uvloop" else "asyncio")
    factory: Callable[[], asyncio.AbstractEventLoop] = module.new_event_loop
    hooks = agent.Hooks(draw=lambda: 0.0, bound=bound)
    profiler = cProfile.Profile() if profile else None
    with asyncio.Runner(loop_factory=factory) as runner:
        if profiler:
            profiler.enable()
        runner.run(agent.run(config, catalogue, SystemClock(), hooks))
        if profiler:
            profiler.disable()
            profiler.dump_stats(profile)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
