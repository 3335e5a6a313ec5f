"""The units hold what they promise, by systemd's own judgement."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from probe.agent.root import DRAIN_SECONDS, LAST_SEND_SECONDS
from probe.transport.listen import SHUTDOWN_SECONDS
from tests.deploy.filled import DEPLOY

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze") or ""
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is missing")
THRESHOLD = "20"
"""2.0 in what the table prints; 0 is safest, 100 is worst."""


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, check=False)  # noqa: S603


def exposed(unit: Path) -> subprocess.CompletedProcess[str]:
    return analyze("security", "--offline=true", f"--threshold={THRESHOLD}", str(unit))


def test_there_is_a_unit_for_each_daemon() -> None:
    daemons = ("agent", "correlator", "reference")
    assert [unit.stem for unit in UNITS] == [f"worksforwhom-{name}" for name in daemons]


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_little_exposed(unit: Path) -> None:
    answer = exposed(unit)
    assert answer.returncode == 0, answer.stdout


@needs_systemd
def test_a_unit_that_lost_its_sandbox_would_be_found(tmp_path: Path) -> None:
    text = UNITS[0].read_text()
    loose = tmp_path / UNITS[0].name
    loose.write_text(text.replace("ProtectSystem=strict\n", "").replace("PrivateUsers=yes\n", ""))
    # What these two guard is worth more than what is left below the threshold.
    loose.write_text(loose.read_text().replace("SystemCallFilter=@system-service\n", ""))
    loose.write_text(loose.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert exposed(loose).returncode != 0


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_has_no_complaint_of_a_unit(unit: Path, tmp_path: Path) -> None:
    """With its drop-ins; only the program, which is not installed here, is another."""
    tried = tmp_path / unit.name
    tried.write_text(unit.read_text().replace("/opt/worksforwhom/bin/probe", "/bin/true"))
    for drop_in in (unit.parent / f"{unit.name}.d").glob("*.conf"):
        (tmp_path / f"{unit.name}.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, tmp_path / f"{unit.name}.d")
    answer = analyze("verify", "--man=no", str(tried))
    assert (answer.returncode, answer.stderr) == (0, "")


@needs_systemd
def test_a_misspelt_key_would_be_found(tmp_path: Path) -> None:
    tried = tmp_path / UNITS[0].name
    text = UNITS[0].read_text().replace("/opt/worksforwhom/bin/probe", "/bin/true")
    tried.write_text(text.replace("MemoryMax", "MemoryMaximum"))
    assert "MemoryMaximum" in analyze("verify", "--man=no", str(tried)).stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_tries_its_configuration_before_it_starts(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert f"ExecStartPre={start.removeprefix('ExecStart=')} --check" in lines


def test_an_agent_fits_a_host_of_512_mb() -> None:
    limits = dict(
        line.split("=", 1) for line in UNITS[0].read_text().splitlines() if line[:3] == "Mem"
    )
    assert limits["MemorySwapMax"] == "0"
    assert int(limits["MemoryHigh"].rstrip("M")) < int(limits["MemoryMax"].rstrip("M")) <= 256


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_waits_for_word_of_its_daemon_and_restarts_it_when_it_hangs(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert {"Type=notify", "NotifyAccess=main", "WatchdogSec=60", "Restart=always"} <= {*lines}
    reloads = unit.stem != "worksforwhom-reference"  # it has nothing to read again
    assert ("ExecReload=/bin/kill -HUP $MAINPID" in lines) is reloads


def test_an_agent_is_given_the_time_to_end_in_order() -> None:
    (stop,) = (line for line in UNITS[0].read_text().splitlines() if "TimeoutStopSec" in line)
    assert int(stop.partition("=")[2]) > DRAIN_SECONDS + 2 * LAST_SEND_SECONDS + SHUTDOWN_SECONDS
