"""A small world on loopback for every test of measuring."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from tests.measure.world import World, opened


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def world(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[World]:
    async with opened(authority, tmp_path) as made:
        yield made
