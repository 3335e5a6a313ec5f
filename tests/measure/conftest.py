"""A small world on loopback for every test of measuring."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trustme

from probe.config.shape import Measuring
from tests.measure.world import QUICK, World


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def world(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[World]:
    trust = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(str(trust))
    settings = msgspec.structs.replace(Measuring(trust=str(trust)), **QUICK)
    async with contextlib.AsyncExitStack() as exits:
        yield World(authority, trust, exits, settings)
    # Handlers see their connections end before the loop is closed.
    for _ in range(20):
        await asyncio.sleep(0)
