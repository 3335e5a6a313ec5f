"""A rules file that an operator broke: named with its line, and what held goes on holding."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from tests.deploy.filled import DEPLOY
from tests.deploy.live import answers, free_ports, got, running, until
from tests.deploy.rules import PROMETHEUS, PROMTOOL, needs_prometheus, needs_promtool

BROKEN = "groups:\n  - name: worksforwhom-hosts\n    rules:\n      - alert: ProbeHostDown\n        expr: up ==\n"


def reloaded_well(port: int) -> bool:
    text = got(f"http://127.0.0.1:{port}/metrics").decode()
    return "prometheus_config_last_reload_successful 1" in text


def rules_held(port: int) -> bytes:
    return got(f"http://127.0.0.1:{port}/api/v1/rules").split(b'"evaluationTime"')[0]


@needs_promtool
def test_the_tool_names_the_file_and_the_line(tmp_path: Path) -> None:
    broken = tmp_path / "hosts.yml"
    broken.write_text(BROKEN)
    told = subprocess.run(  # noqa: S603 — Debian's own tool
        [str(PROMTOOL), "check", "rules", str(broken)], capture_output=True, text=True, check=False
    )
    assert told.returncode != 0
    assert "hosts.yml" in told.stderr
    assert "ProbeHostDown" in told.stderr


@needs_prometheus
def test_a_running_prometheus_keeps_the_rules_it_had(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    shutil.copytree(DEPLOY / "prometheus/rules", tmp_path / "rules")
    (tmp_path / "prometheus.yml").write_text("rule_files: [rules/*.yml]\n")
    command = [
        str(PROMETHEUS),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'samples'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running("prometheus", command, tmp_path) as prometheus:
        until(lambda: answers(port, "/-/ready"), "Prometheus answers")
        held = rules_held(port)
        assert b"ProbeHostDown" in got(f"http://127.0.0.1:{port}/api/v1/rules")
        (tmp_path / "rules/hosts.yml").write_text(BROKEN)
        prometheus.send_signal(signal.SIGHUP)
        until(lambda: not reloaded_well(port), "it says that the reload failed")
        assert rules_held(port) == held
        assert b"ProbeHostDown" in got(f"http://127.0.0.1:{port}/api/v1/rules")
    assert b"hosts.yml" in (tmp_path / "prometheus.log").read_bytes()
