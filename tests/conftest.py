"""What every test starts from."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

WORLDS = (
    "tests/cli/test_lab.py",
    "tests/deploy/test_live.py",
    "tests/lab/kernel/",
    "tests/lab/simulated/test_fidelity.py",
    "tests/scenarios/test_kernel_runs.py",
)
"""Where whole worlds live through real time, and mostly wait. The machine has turns for them: they
stay one after another, in one process, and all the rest goes on beside them."""

settings.register_profile("reproducible", derandomize=True)
if os.environ.get("CI"):  # a commit is red for what it changes, not for its dice
    settings.load_profile("reproducible")


class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """The worlds are one piece of work, and every other test is one of its own."""

    def _split_scope(self, nodeid: str) -> str:
        return "worlds" if nodeid.startswith(WORLDS) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """Share the tests among processes (`-n 2`): the largest piece is begun first."""
    return Lanes(config, log)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command under test sets up the process's logs; the next test must not inherit them."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
