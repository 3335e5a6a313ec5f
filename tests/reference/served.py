"""A reference server on loopback, as tests of it and of agents use it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from probe import reference
from probe.clock import SystemClock
from probe.config.shape import Listening, ReferenceConfig, ReferenceLimits
from probe.supervisor import Supervisor


class Served:
    """Where one listens."""

    def __init__(self, bound: dict[str, tuple[str, ...]]) -> None:
        self.secure, self.plain, self.metrics = (
            int(bound[kind][0].rpartition(":")[2]) for kind in ("secure", "plain", "metrics")
        )


@contextlib.asynccontextmanager
async def opened(
    limits: ReferenceLimits | None = None,
    names: tuple[str, ...] = (),
    supervisor: Supervisor | None = None,
) -> AsyncIterator[Served]:
    config = ReferenceConfig(
        secure=("127.0.0.1:0",),
        plain=("127.0.0.1:0",),
        names=names,
        limits=limits or ReferenceLimits(),
        metrics=Listening(listen="127.0.0.1:0"),
    )
    stop, told = asyncio.Event(), asyncio.get_running_loop().create_future()
    hooks = reference.Hooks(
        stop=stop, bound=told.set_result, supervisor=supervisor or Supervisor()
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(reference.run(config, SystemClock(), hooks))
        try:
            yield Served(await told)
        finally:
            stop.set()
