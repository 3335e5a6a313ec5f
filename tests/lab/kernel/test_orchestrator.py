"""The lab's own process: it reads its request, says why it cannot, and ends when its input ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from probe.lab import line
from probe.lab.kernel.orchestrator import Request
from probe.lab.result import NEWS, Failed, News


def told(request: Request) -> list[News]:
    done = subprocess.run(
        [sys.executable, "-m", "probe.lab.kernel.orchestrator"],
        input=line.encode(request),
        capture_output=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.stderr == b""
    return [NEWS.decode(text) for text in done.stdout.splitlines()]


def test_a_scenario_that_cannot_be_read_is_a_failure_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: [")
    last = told(Request(scenario=str(path), home=str(tmp_path)))[-1]
    assert isinstance(last, Failed)
    assert "broken.yaml" in last.reason


def test_when_its_input_ends_it_takes_everything_down(tmp_path: Path) -> None:
    scenario = Path(__file__).parents[3] / "probe/lab/scenarios/quiet-day.yaml"
    news = told(Request(scenario=str(scenario), home=str(tmp_path)))
    assert news
    assert not any(type(item).__name__ in {"Done", "Tick"} for item in news)
