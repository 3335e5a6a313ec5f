"""The world to show, and a store that holds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.store import Store
from tests.web.world import World, made


@pytest.fixture
def world() -> World:
    return made()


@pytest.fixture
def store(world: World, tmp_path: Path) -> Iterator[Store]:
    held = Store(tmp_path / "store.sqlite")
    held.append([world.measurement], world.frame.now)
    held.save(world.verdicts, [world.incident])
    yield held
    held.close()
