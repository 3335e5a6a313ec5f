"""The house's measures: short functions, small files, a mirror test for each module."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path
    for path in (ROOT / "probe").rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"}
)
NOUNS_ALONE = {
    "probe/model/record.py",
    "probe/model/catalogue.py",
    "probe/model/origin.py",
    "probe/config/shape.py",
    "probe/lab/scenario.py",
    "probe/lab/kernel/plan.py",
    "probe/lab/score/outcome.py",
    "probe/lab/simulated/act.py",
    "probe/interop/form.py",
    "probe/interop/refusal.py",
    "probe/judge/row.py",
    "probe/judge/sight.py",
    "probe/judge/view.py",
}
"""Structs without behaviour: whatever reads them tests them."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[Function]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_file_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_function_is_over_50_lines(path: Path) -> None:
    long = {function.name: lines(function) for function in functions(path) if lines(function) > 50}
    assert not long


def test_the_median_function_is_at_most_8_lines() -> None:
    assert statistics.median(lines(f) for path in MODULES for f in functions(path)) <= 8


@pytest.mark.parametrize("path", [p for p in MODULES if name(p) not in NOUNS_ALONE], ids=name)
def test_every_module_has_its_mirror_test(path: Path) -> None:
    inside = path.relative_to(ROOT / "probe")
    assert (ROOT / "tests" / inside.parent / f"test_{inside.name}").exists()


def test_the_ground_floor_holds_what_the_design_fixes() -> None:
    fixed = {"pyproject.toml", "probe", "configs", "tests", "deploy", "README.md"}
    assert fixed <= {path.name for path in ROOT.iterdir()}
