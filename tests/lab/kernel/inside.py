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
    done = subprocess.run(  # noqa: S603 — our own script
        [*before, sys.executable, "-c", PRELUDE + script, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()
