"""One small world of real packets for all tests that hold something against it."""

from __future__ import annotations

import msgspec
import pytest

from probe.lab.kernel.sandbox.namespace import reason_not
from tests.lab.kernel.inside import play
from tests.lab.simulated.played import Seen


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the real chain measured while every mechanism was at work."""
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    home = tmp_path_factory.mktemp("played")
    play("tests.lab.simulated.played", home)
    return msgspec.json.decode((home / "seen.json").read_bytes(), type=Seen)
