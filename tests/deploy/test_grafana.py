"""The committed dashboards are what the code makes, ask what exists, and lead where they say."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from prometheus_client import Metric

from deploy.grafana.committed import (
    FOLDER,
    VARIABLE,
    Dashboard,
    Expression,
    Panel,
    dashboards,
    expressions,
    filled,
    surroundings,
)
from deploy.grafana.generate import differing, main, write
from deploy.grafana.links import Uid
from probe.metrics import agent, correlator
from probe.metrics.exposition import Family
from tests.deploy.filled import DEPLOY

BOARDS = dashboards()
PANELS = [(board, panel) for board in BOARDS for panel in board.panels if panel.type != "row"]
ASKED = (*expressions(), *surroundings())
BUILT_IN = {"up", "ALERTS"}
DEPRECATED = {
    "graph",
    "singlestat",
    "table-old",
    "grafana-worldmap-panel",
    "grafana-piechart-panel",
}
PROMTOOL = shutil.which("promtool")


def called(found: tuple[Dashboard, Panel]) -> str:
    return f"{found[0].uid}: {found[1].title}"


def asked(found: Expression) -> str:
    return f"{found.dashboard}: {found.panel} {found.ref}"


every_panel = pytest.mark.parametrize("found", PANELS, ids=called)
every_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)

# ── the code and the JSON ────────────────────────────────────────────────────────────────────


def test_the_committed_json_is_what_the_code_makes() -> None:
    assert differing(FOLDER) == ()
    assert main(["--check"]) == 0


def test_a_changed_a_missing_and_a_foreign_file_are_found(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "world.json").write_text("{}")
    (tmp_path / "country.json").unlink()
    (tmp_path / "mine.json").write_text("{}")
    assert differing(tmp_path) == ("country.json", "mine.json", "world.json")
    write(tmp_path)
    assert differing(tmp_path) == ()


# ── each dashboard ───────────────────────────────────────────────────────────────────────────


def test_every_uid_has_its_dashboard() -> None:
    assert sorted(board.uid for board in BOARDS) == sorted(Uid)


@every_board
def test_a_dashboard_can_be_provisioned_anywhere(board: Dashboard) -> None:
    assert board.description
    assert "worksforwhom" in board.tags
    assert (board.timezone, board.refresh) == ("browser", "30s")
    assert 36 <= board.schema_version <= 42
    assert board.templating.list[0].type == "datasource"
    assert [mark.name for mark in board.annotations.list] == ["Incidents"]


@every_board
def test_panels_have_ids_of_their_own_and_do_not_overlap(board: Dashboard) -> None:
    ids = [panel.id for panel in board.panels]
    assert len(set(ids)) == len(ids)
    places = [panel.grid_pos for panel in board.panels]
    assert all(place.x + place.w <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one.x + one.w <= other.x or other.x + other.w <= one.x
        above = one.y + one.h <= other.y or other.y + other.h <= one.y
        assert beside or above


# ── each panel ───────────────────────────────────────────────────────────────────────────────


@every_panel
def test_a_panel_says_what_it_shows(found: tuple[Dashboard, Panel]) -> None:
    _, panel = found
    assert panel.title
    assert panel.description.endswith((".", "?"))
    assert panel.type not in DEPRECATED
    assert panel.targets
    assert panel.field_config.defaults.unit


@every_panel
def test_a_panel_asks_the_data_source_that_the_reader_chose(
    found: tuple[Dashboard, Panel],
) -> None:
    _, panel = found
    sources = {panel.datasource, *(target.datasource for target in panel.targets)}
    assert {(source.type, source.uid) for source in sources} == {("prometheus", "${datasource}")}
    refs = [target.ref_id for target in panel.targets]
    assert len(set(refs)) == len(refs)


# ── what is asked ────────────────────────────────────────────────────────────────────────────

STRINGS = re.compile(r'"[^"]*"')
LABELS = re.compile(r"\b(?:by|on|without|ignoring) \([^)]*\)|\{[^}]*\}")


def metrics(expr: str) -> set[str]:
    """Name the metrics of an expression: what is left once strings and labels are gone."""
    bare = LABELS.sub(" ", STRINGS.sub('""', expr))
    words = set(re.findall(r"[a-zA-Z_][\w:]*(?!\s*\()(?![\w:])", re.sub(r"\[\w+\]", " ", bare)))
    return words - {"or", "and", "unless", "bool", "by", "on"}


def exported() -> Iterator[str]:
    families: list[Metric | Family] = []
    families.extend(agent.families(agent.Snapshot(version="0")))
    families.extend(correlator.families(correlator.Snapshot(version="0")))
    for family in families:
        match family.type:
            case "counter":
                yield f"{family.name}_total"
            case "histogram":
                yield from (f"{family.name}_{part}" for part in ("bucket", "count", "sum"))
            case "info":
                yield f"{family.name}_info"
            case _:
                yield family.name


class Rule(msgspec.Struct):
    record: str = ""


class Group(msgspec.Struct):
    rules: tuple[Rule, ...]


class Rules(msgspec.Struct):
    groups: tuple[Group, ...]


def recorded() -> Iterator[str]:
    for path in sorted((DEPLOY / "prometheus/rules").glob("*.yml")):
        for group in msgspec.yaml.decode(path.read_bytes(), type=Rules).groups:
            yield from (rule.record for rule in group.rules if rule.record)


def test_metrics_are_read_out_of_an_expression() -> None:
    expr = 'sum by (x) (rate(a_total{b="c"}[5m]))\n/ on (x) d:e:f or 2 * g{h="i"} == 1'
    assert metrics(expr) == {"a_total", "d:e:f", "g"}


@pytest.mark.parametrize("found", ASKED, ids=asked)
def test_only_metrics_that_exist_are_asked_for(found: Expression) -> None:
    known = {*exported(), *recorded(), *BUILT_IN}
    assert metrics(found.expr) - known == set()
    assert metrics(found.expr)


def as_rules(found: tuple[Expression, ...]) -> str:
    """Write a rule file that records each, for promtool to parse."""
    rules = [
        {"record": f"asked:{index}", "expr": expression.expr}
        for index, expression in enumerate(found)
    ]
    return msgspec.yaml.encode({"groups": [{"name": "asked", "rules": rules}]}).decode()


def parsed(path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(PROMTOOL), "check", "rules", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)")
def test_every_expression_parses(tmp_path: Path) -> None:
    path = tmp_path / "asked.yml"
    path.write_text(as_rules(ASKED))
    answer = parsed(path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)")
def test_an_expression_that_does_not_parse_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "asked.yml"
    path.write_text(as_rules((Expression("u", "p", "A", "sum by (x (up)"),)))
    assert parsed(path).returncode == 1


# ── variables and links ──────────────────────────────────────────────────────────────────────


def used(text: str) -> set[str]:
    names = {found["braced"] or found["bare"] for found in VARIABLE.finditer(text)}
    return {name for name in names if not name.startswith("__")}


@every_board
def test_every_variable_that_is_used_is_defined_and_the_other_way_round(board: Dashboard) -> None:
    text = (FOLDER / f"{board.uid.removeprefix('worksforwhom-')}.json").read_text()
    assert used(text) == {variable.name for variable in board.templating.list}


@every_board
def test_what_a_variable_takes_is_bounded_by_a_regex(board: Dashboard) -> None:
    asking = [variable for variable in board.templating.list if variable.type == "query"]
    assert asking
    for variable in asking:
        assert re.compile(variable.regex.strip("/")).pattern
        assert variable.definition.startswith("label_values(")


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("country", "IR", "Iran"),
        ("feature", "app-api", "https://x.com/"),
        ("service", "twitter", "control"),
        ("instance", "[2001:db8::1]:9464", "two words"),
    ],
)
def test_a_variables_regex_takes_ids_alone(name: str, taken: str, refused: str) -> None:
    variables = {v.name: v for board in BOARDS for v in board.templating.list}
    regex = variables[name].regex.strip("/")
    assert re.search(regex, taken)
    assert not re.search(regex, refused)


def urls(board: Dashboard) -> Iterator[str]:
    text = (FOLDER / f"{board.uid.removeprefix('worksforwhom-')}.json").read_text()
    yield from re.findall(r'"url": "([^"]*)"', text)


@every_board
def test_every_link_leads_to_a_dashboard_or_to_the_correlators_page(board: Dashboard) -> None:
    variables = {other.uid: {v.name for v in other.templating.list} for other in BOARDS}
    found = [url for url in urls(board) if not url.startswith("${correlator_url}/")]
    assert found
    for url in found:
        uid, _, query = url.removeprefix("/d/").partition("?")
        assert uid in variables
        assert {"datasource", "correlator_url"} <= used(query)
        assert "${__url_time_range}" in query
        assert set(re.findall(r"&var-(\w+)=", query)) <= variables[uid]


def test_each_dashboard_can_be_reached_from_another() -> None:
    reached = {url.partition("?")[0].removeprefix("/d/") for b in BOARDS for url in urls(b)}
    assert {uid for uid in Uid if uid is not Uid.WORLD} <= reached


def test_the_alerts_links_name_dashboards_and_variables_that_are_there() -> None:
    variables = {board.uid: {v.name for v in board.templating.list} for board in BOARDS}
    text = "".join(path.read_text() for path in (DEPLOY / "prometheus/rules").glob("*.yml"))
    found = re.findall(
        r"/d/([\w-]+)(?:\?(\S*\}\}))?", text.replace("{{ ", "{{").replace(" }}", "}}")
    )
    assert found
    for uid, query in found:
        assert set(re.findall(r"var-(\w+)=", query)) <= variables[uid]


# ── filling in, for a test against a real Prometheus ─────────────────────────────────────────


def test_variables_are_filled_in_however_they_are_written() -> None:
    values = {"a": "x", "__rate_interval": "1m"}
    assert filled('m{l=~"$a|"}[$__rate_interval] ${a} ${a:regex}', values) == 'm{l=~"x|"}[1m] x x'


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(KeyError, match="nobody"):
        filled("$nobody", {})


def test_nothing_is_left_to_fill_in() -> None:
    assert len(ASKED) > 100
    assert [found for found in ASKED if "$" in found.expr] == []


# ── provisioning ─────────────────────────────────────────────────────────────────────────────


def provisioned(name: str) -> list[str]:
    """Give the lines that both places must share: all but addresses, paths and comments."""
    texts = [
        (DEPLOY / where / "provisioning" / name).read_text()
        for where in ("grafana", "compose/grafana")
    ]
    lines = [[line.partition("#")[0].rstrip() for line in text.splitlines()] for text in texts]
    own, composed = (
        [line for line in found if line and not re.match(r"\s*(url|path):|(prune)", line)]
        for found in lines
    )
    assert own == composed
    return own


@pytest.mark.parametrize("name", ["datasources/prometheus.yaml", "dashboards/worksforwhom.yaml"])
def test_a_grafana_of_ones_own_and_composes_are_provisioned_alike(name: str) -> None:
    assert provisioned(name)


def test_compose_mounts_the_folder_with_the_json() -> None:
    text = (DEPLOY / "compose/compose.yaml").read_text()
    mounted = re.findall(r"- (\S+):/etc/grafana/dashboards:ro", text)
    assert [(DEPLOY / "compose" / path).resolve() for path in mounted] == [FOLDER]
