"""What every test starts from."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent
WORLDS = (
    "cli/test_lab.py",
    "deploy/test_live.py",
    "lab/kernel",
    "lab/simulated/test_fidelity.py",
    "scenarios/test_kernel_runs.py",
)
"""Where whole worlds live through real time, and mostly wait. The machine has turns for them: they
stay one after another, in one process, and all the rest goes on beside them."""

settings.register_profile("reproducible", derandomize=True)
if os.environ.get("CI"):  # a commit is red for what it changes, not for its dice
    settings.load_profile("reproducible")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests (pytest-xdist), one begins with the worlds."""
    if config.pluginmanager.hasplugin("xdist"):
        worlds = tuple(str(ROOT / name) for name in WORLDS)
        own = [item for item in items if str(item.path).startswith(worlds)]
        for item in own:
            item.add_marker(pytest.mark.xdist_group("worlds"))
        items.sort(key=lambda item: not str(item.path).startswith(worlds))


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command under test sets up the process's logs; the next test must not inherit them."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
