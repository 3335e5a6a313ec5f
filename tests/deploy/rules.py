"""The files of deploy/prometheus as the tests read them, and Debian's programs that check them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from tests.deploy.filled import DEPLOY

FOLDER = DEPLOY / "prometheus"
PROMTOOL, AMTOOL = shutil.which("promtool"), shutil.which("amtool")
PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)"
)
needs_amtool = pytest.mark.skipif(
    not AMTOOL, reason="amtool is missing (Debian's prometheus-alertmanager brings it)"
)
needs_prometheus = pytest.mark.skipif(not PROMETHEUS, reason="prometheus is missing")
needs_alertmanager = pytest.mark.skipif(
    not ALERTMANAGER, reason="Alertmanager is missing (Debian's prometheus-alertmanager)"
)


class Rule(msgspec.Struct, frozen=True, rename={"duration": "for"}):
    expr: str
    record: str = ""
    alert: str = ""
    duration: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Group(msgspec.Struct, frozen=True):
    name: str
    rules: tuple[Rule, ...]


class Groups(msgspec.Struct, frozen=True):
    groups: tuple[Group, ...]


RULE_FILES = sorted((FOLDER / "rules").glob("*.yml"))
TEST_FILES = sorted((FOLDER / "tests").glob("*.yml"))
RULES = tuple(
    rule
    for path in RULE_FILES
    for group in msgspec.yaml.decode(path.read_bytes(), type=Groups).groups
    for rule in group.rules
)
ALERTS = tuple(rule for rule in RULES if rule.alert)
RECORDED = tuple(dict.fromkeys(rule.record for rule in RULES if rule.record))
NAME = re.compile(r"(?<![\w:])(?:[a-z_]+:[\w:]+|(?:probe|worksforwhom)_\w+)")


def names(promql: str) -> set[str]:
    """Give the names of metrics, recorded ones too; of labels only those that are metrics too."""
    return set(NAME.findall(re.sub(r'"(?:[^"\\]|\\.)*"', '""', promql)))


def ran(command: str | None, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program that was found; what it finds wrong is for the caller to judge."""
    line = [str(command), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
