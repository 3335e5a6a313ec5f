"""Rules, alerts and their runbooks are valid, whole and tested, and use metrics that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import Metric

from probe.metrics import agent, correlator
from probe.metrics.exposition import Family
from tests.deploy.filled import DEPLOY
from tests.deploy.rules import (
    ALERTS,
    FOLDER,
    PROMTOOL,
    RECORDED,
    RULE_FILES,
    RULES,
    TEST_FILES,
    Rule,
    names,
    needs_promtool,
    ran,
)

RUNBOOKS = DEPLOY / "runbooks/alerts.md"
SEVERITIES = {"critical", "warning", "info"}
COMPONENTS = {"verdict", "crosscheck", "probe_host", "correlator", "watchdog"}
JOBS = ("worksforwhom-agent", "worksforwhom-correlator")
CONFIGURATIONS = (FOLDER / "prometheus.yml", *sorted((FOLDER / "scrape").glob("*.yml")))


def called(rule: Rule) -> str:
    return rule.alert or rule.record + rule.labels.get("side", "")


# ── as Prometheus sees them ──────────────────────────────────────────────────────────────────


@needs_promtool
@pytest.mark.parametrize("path", RULE_FILES, ids=lambda p: p.name)
def test_the_rules_are_valid(path: Path) -> None:
    answer = ran(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@needs_promtool
def test_a_rule_that_an_operator_broke_would_be_found(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(RULE_FILES[0].read_text().replace("== 0", "== == 0", 1))
    answer = ran(PROMTOOL, "check", "rules", broken)
    assert answer.returncode != 0
    assert str(broken) in answer.stderr


@needs_promtool
@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda p: p.name)
def test_the_configurations_are_valid(path: Path) -> None:
    answer = ran(PROMTOOL, "check", "config", "--syntax-only", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    ours = any(f"job_name: {job}\n" in path.read_text() for job in JOBS)
    # what an agent measures for somebody's blackbox entries must not count as one of its rounds
    assert ours == (path.name != "probe.yml")


@needs_promtool
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda p: p.name)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    answer = ran(PROMTOOL, "test", "rules", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


# ── every alert is whole ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("alert", ALERTS, ids=called)
def test_an_alert_says_what_how_bad_and_where_to_look(alert: Rule) -> None:
    assert re.fullmatch(r"([A-Z][a-z]+)+", alert.alert)
    assert alert.labels["severity"] in SEVERITIES
    assert alert.labels["component"] in COMPONENTS
    assert set(alert.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert all(text.strip() == text != "" for text in alert.annotations.values())
    assert len(alert.annotations["summary"]) < 120
    assert alert.annotations["runbook_url"].endswith(f"/runbooks/alerts.md#{alert.alert.lower()}")


def test_names_are_given_once() -> None:
    assert len({alert.alert for alert in ALERTS}) == len(ALERTS)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_name_is_level_metric_operation(name: str) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", name)


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", RUNBOOKS.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_there_is_a_runbook_for_each_alert_and_for_nothing_else() -> None:
    assert set(sections()) == {alert.alert for alert in ALERTS}


@pytest.mark.parametrize("name", sections())
def test_a_runbook_says_what_not_to_conclude(name: str) -> None:
    said = re.findall(r"^- \*\*(.+?):\*\* \S", sections()[name], re.MULTILINE)
    assert said == ["Means", "Look at", "Do not conclude"]


class Variable(msgspec.Struct):
    name: str


class Templating(msgspec.Struct):
    list: tuple[Variable, ...]


class Dashboard(msgspec.Struct):
    uid: str
    templating: Templating


def test_dashboards_that_are_linked_are_there_with_the_variables_given() -> None:
    held = [
        msgspec.json.decode(path.read_bytes(), type=Dashboard)
        for path in (DEPLOY / "grafana/json").glob("*.json")
    ]
    variables = {board.uid: {v.name for v in board.templating.list} for board in held}
    for alert in ALERTS:
        url = alert.annotations["dashboard_url"]
        uid = url.partition("?")[0].rpartition("/d/")[2]
        assert set(re.findall(r"[?&]var-(\w+)=", url)) <= variables[uid]


# ── every rule has its test ──────────────────────────────────────────────────────────────────


class Expected(msgspec.Struct, rename={"labels": "exp_labels"}):
    labels: dict[str, str]


class AlertTest(msgspec.Struct):
    alertname: str
    eval_time: str
    exp_alerts: tuple[Expected, ...]


class ExprTest(msgspec.Struct):
    expr: str


class Unit(msgspec.Struct):
    name: str
    alert_rule_test: tuple[AlertTest, ...] = ()
    promql_expr_test: tuple[ExprTest, ...] = ()


class Units(msgspec.Struct):
    tests: tuple[Unit, ...]


UNITS = tuple(
    unit
    for path in TEST_FILES
    for unit in msgspec.yaml.decode(path.read_bytes(), type=Units).tests
)


def course(name: str) -> Iterator[tuple[bool, ...]]:
    """Give, of each world where the alert is looked at, whether it fires, by time."""
    for unit in UNITS:
        looks = tuple(bool(t.exp_alerts) for t in unit.alert_rule_test if t.alertname == name)
        if looks:
            yield looks


@pytest.mark.parametrize("alert", ALERTS, ids=called)
def test_an_alert_is_seen_silent_firing_and_ended(alert: Rule) -> None:
    seen = tuple(course(alert.alert))
    if alert.alert == "Watchdog":
        assert all(all(looks) for looks in seen)
        return
    assert any(short(looks) == (False, True, False) for looks in seen)


def short(looks: Iterable[bool]) -> tuple[bool, ...]:
    """Leave out what only repeats, and what comes after the first end."""
    kept: list[bool] = []
    for look in looks:
        if not kept or kept[-1] is not look:
            kept.append(look)
    return tuple(kept[:3])


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_series_is_looked_at(name: str) -> None:
    asked = {found for unit in UNITS for t in unit.promql_expr_test for found in names(t.expr)}
    assert name in asked


# ── they use what there is ───────────────────────────────────────────────────────────────────

SAMPLES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "stateset": ("",),
}


def exposed(families: Iterable[Family | Metric]) -> set[str]:
    return {family.name + end for family in families for end in SAMPLES[family.type]}


def known() -> set[str]:
    here = agent.families(agent.Snapshot(version="0"))
    return {*exposed(here), *exposed(correlator.families(correlator.Snapshot(version="0")))}


@pytest.mark.parametrize("rule", RULES, ids=called)
def test_a_rule_uses_metrics_that_are_exposed_or_recorded(rule: Rule) -> None:
    queries = " ".join(re.findall(r'printf "(.*?[^\\])"', " ".join(rule.annotations.values())))
    used = names(rule.expr) | names(queries.replace('\\"', '"').replace("%q", '""'))
    assert used - known() - set(RECORDED) == set()


def test_jobs_in_rules_are_those_of_the_configuration() -> None:
    text = "".join(path.read_text() for path in RULE_FILES)
    scraped = (FOLDER / "prometheus.yml").read_text()
    assert set(re.findall(r'job="([\w-]+)"', text)) == set(JOBS)
    assert all(f"job_name: {job}\n" in scraped for job in JOBS)
