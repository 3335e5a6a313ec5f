"""One small world of real packets for all tests that hold something against it."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from probe.lab.kernel.sandbox.namespace import reason_not
from tests.lab.kernel.inside import ENVIRONMENT
from tests.lab.simulated.played import Seen


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the real chain measured while every mechanism was at work."""
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    home = tmp_path_factory.mktemp("played")
    done = subprocess.run(  # noqa: S603 — our own script
        [sys.executable, "-m", "tests.lab.simulated.played", str(home)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return msgspec.json.decode((home / "seen.json").read_bytes(), type=Seen)
