"""Scenarios by name, file and folder; the bad ones alone are refused."""

from __future__ import annotations

from pathlib import Path

from probe.lab import library
from probe.lab.score.chosen import chosen


def test_without_a_name_it_is_the_whole_library() -> None:
    scenarios, refused = chosen([])
    assert len(scenarios) + len(refused) == len(library.names())


def test_a_folder_stands_for_its_files_and_nothing_is_played_twice(tmp_path: Path) -> None:
    text = library.find("quiet-day").read_text()
    for name in ("b.yaml", "a.yml"):
        (tmp_path / name).write_text(text.replace("name: quiet-day", f"name: {name[0]}", 1))
    (tmp_path / "note.txt").write_text("no scenario")
    held, refused = chosen([str(tmp_path), str(tmp_path / "b.yaml"), "quiet-day"])
    assert [scenario.name for scenario in held] == ["a", "b", "quiet-day"]
    assert refused == ()


def test_a_bad_one_is_refused_alone_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    held, refused = chosen([str(tmp_path), "nothing-such", "quiet-day"])
    assert [scenario.name for scenario in held] == ["quiet-day"]
    assert "bad.yaml" in refused[0]
    assert "nothing-such: no such scenario" in refused[1]


def test_an_empty_folder_is_no_scenario(tmp_path: Path) -> None:
    held, refused = chosen([str(tmp_path)])
    assert held == ()
    assert str(tmp_path) in refused[0]


def test_what_the_lab_cannot_play_is_refused_alone(tmp_path: Path) -> None:
    text = library.find("tcp-reset").read_text()
    (tmp_path / "tcp-reset.yaml").write_text(text.replace("mechanism: tcp.", "mechanism: tpc."))
    held, refused = chosen([str(tmp_path), "quiet-day"])
    assert [scenario.name for scenario in held] == ["quiet-day"]
    assert "timeline[0].mechanism: the simulated lab cannot play 'tpc." in refused[0]
