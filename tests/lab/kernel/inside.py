"""Runs a script in a process of its own, which may enter a sandbox; pytest itself never does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from probe.lab.kernel.sandbox.namespace import reason_not

ROOT = Path(__file__).parents[3]
PRELUDE = "from probe.lab.kernel.sandbox import namespace as ns\nns.enter_sandbox()\n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

needs_namespaces = pytest.mark.skipif(bool(reason := reason_not()), reason=reason)


def child(script: str, *arguments: str, before: Sequence[str] = ()) -> str:
    """Run the script inside a sandbox and give its output; what it says on stderr is a failure."""
    return run([*before, sys.executable, "-c", PRELUDE + script, *arguments], seconds=30)


def play(module: str, home: Path) -> None:
    """Run a module that writes what it saw there, which takes most of a minute."""
    run([sys.executable, "-m", module, str(home)], seconds=120)


def run(command: Sequence[str], seconds: float) -> str:
    done = subprocess.run(  # noqa: S603 — our own script
        command,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()
