"""What README.md names is there: paths, commands, options, extras, metrics; and the examples load."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from probe.cli import COMMANDS, main, parser
from probe.config import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", PROSE)))
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)

PATHS = [span for span in SPANS if re.match(r"(probe|configs|tests|deploy)/", span)]
MENTIONED = [span for span in SPANS if re.match(r"probe [a-z]", span)]
PASTED = [
    command.split("probe ", 1)[1]
    for block in BLOCKS
    for line in block.splitlines()
    for command in line.split("&&")
    if "bin/probe " in command
]
EXTRAS = sorted(set(re.findall(r"'\.\[(\w+)\]'", README)))
METRICS = [span for span in SPANS if span.startswith("worksforwhom_")]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("command", PASTED)
def test_a_command_to_paste_is_understood(command: str) -> None:
    assert parser().parse_args(shlex.split(command, comments=True)).func


def words_of_help(*command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*command, "--help"])
    return out.getvalue()


@pytest.mark.parametrize("command", MENTIONED)
def test_a_command_that_is_mentioned_is_one(command: str) -> None:
    _, name, *rest = command.split()
    assert name in COMMANDS
    inner = [word for word in rest[:1] if name == "lab"]
    options = [word for word in rest if word.startswith("--")]
    told = words_of_help(name, *inner)
    assert [option for option in options if option not in told] == []


@pytest.mark.parametrize(
    ("option", "command"), [("--keep", ("demo",)), ("--disturbed", ("lab", "run"))]
)
def test_an_option_named_alone_is_one(option: str, command: tuple[str, ...]) -> None:
    assert option in " ".join(SPANS)
    assert option in words_of_help(*command)


def test_the_extras_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"lab", "test"} <= set(EXTRAS)
    assert set(EXTRAS) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_is_named_is_kept(metric: str) -> None:
    written = "".join(path.read_text() for path in (ROOT / "probe" / "metrics").glob("*.py"))
    assert metric.removeprefix("worksforwhom_") in written


# ── the examples ─────────────────────────────────────────────────────────────────────────────

CHECKED = {
    "agent.yaml": "agent",
    "correlator.yaml": "correlator",
    "quickstart.yaml": "up",
    "reference.yaml": "reference",
}


@pytest.mark.parametrize("name", CHECKED)
def test_an_example_is_a_good_file(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKSFORWHOM_TOKEN", "made-up-for-this-test")
    assert main([CHECKED[name], str(ROOT / "configs" / name), "--check"]) == 0
    assert capsys.readouterr().err == ""


def test_without_its_token_the_agents_example_says_which_variable_it_wants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WORKSFORWHOM_TOKEN", raising=False)
    assert main(["agent", str(ROOT / "configs" / "agent.yaml"), "--check"]) == 2
    assert "WORKSFORWHOM_TOKEN is not set" in capsys.readouterr().err


def test_the_catalogue_has_the_platforms_and_controls_that_it_promises() -> None:
    catalogue = load.catalogue(ROOT / "configs" / "services.yaml")
    assert sum(len(service.features) >= 4 for service in catalogue.services) >= 12
    assert len(catalogue.controls) >= 6
