"""`probe judge` on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from probe.cli import main
from probe.transport import wire
from tests import databases
from tests.desk import small
from tests.interop import made as m
from tests.judge import worlds as w

CATALOGUE = """
services:
  - id: example
    name: Example
    features:
      - {id: home, name: its page, endpoints: [{id: front, url: "https://www.example.com/"}]}
"""


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    file = tmp_path / "stored.jsonl"
    file.write_bytes(wire.encode(small.measurements()))
    return file


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    file = tmp_path / "ooni.json"
    file.write_bytes(
        m.encoded(m.well(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")]))
    )
    return file


def test_verdicts_and_incidents_as_json(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(stored), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"service", "feature", "country", "network", "leading", "state", "confidence", "support",
            "mechanisms", "evidence", "vantages", "networks", "effective_networks", "strongest"} == set(said["verdicts"][0])  # fmt: skip
    assert [i["cause"] for i in said["incidents"]] == ["filtering"]


def test_ours_and_theirs_mixed(
    stored: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", str(stored), str(theirs), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {i["service"] for i in said["incidents"]} == {"chirp", "www.example.com"}


def test_a_catalogue_names_what_theirs_measured(theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file = tmp_path / "services.yaml"
    file.write_text(CATALOGUE)
    assert main(["judge", str(theirs), "--catalogue", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {(v["service"], v["feature"]) for v in said["verdicts"]} == {("example", "home")}


def test_an_incident_is_explained_as_text_and_as_json(theirs: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main(["judge", str(theirs), "--json"]) == 0
    name = json.loads(capsys.readouterr().out)["incidents"][0]["id"]
    assert main(["judge", str(theirs), "--explain", name]) == 0
    assert "→ pair.bogon" in capsys.readouterr().out
    assert main(["judge", str(theirs), "--explain", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seen"][0]["fired"][0]["rule"] == "pair.bogon"


def test_an_incident_that_is_none_is_a_mistake_of_usage(theirs: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main(["judge", str(theirs), "--explain", "x"]) == 2
    assert "no incident is named x" in capsys.readouterr().err


def test_nothing_readable_is_a_bad_answer_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file = tmp_path / "null.json"
    file.write_bytes(m.encoded(m.well() | {"test_keys": None}))
    assert main(["judge", str(file)]) == 1
    said = capsys.readouterr()
    assert f"{file}:1: test_keys is null or missing" in said.err
    assert "No measurement could be read." in said.out


def test_a_file_that_is_not_there_is_a_mistake_of_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["judge", "nowhere.jsonl"]) == 2
    assert "nowhere.jsonl: no such file" in capsys.readouterr().err


def test_a_time_stops_the_judging(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(stored), "--at", "2026-03-01T12:00:10Z", "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["incidents"]


def test_a_time_of_later_is_as_who_asks_then_would_be_told(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", str(stored), "--at", "2026-03-01T18:00:00Z", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["at"] == "2026-03-01T18:00:00Z"
    assert [held["closed"] is not None for held in said["incidents"]] == [True]


def test_a_time_before_all_that_was_read_says_so(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", str(stored), "--at", "2020-01-01"]) == 1
    assert "Nothing was measured by then" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        ["--at", "soon"],
        ["--at", "0001-01-01T00:00:00+12:00"],
        ["--at", "9999-12-31T23:59:59-12:00"],
        ["--round", "0"],
        ["--round", "x"],
    ],
)
def test_bad_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["judge", "x", *wrong])
    assert caught.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_a_database_of_networks_names_what_services_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("chirp", "other", "third")
    world = w.World(
        (w.Event(1.0, w.silence, services=names[:2], features=("web", "api")),),
        services=tuple(w.service(name, ("web", "api")) for name in names),
    )
    stored = tmp_path / "stored.jsonl"
    stored.write_bytes(wire.encode(small.wired(w.known_at(world, 14.0))))
    hosted = {
        f"{w.Case(w.ROSTER[0], name, feature, '', w.START).address}/32": databases.network(
            64500 + (name == "third"), "Cloud Example"
        )
        for name in names for feature in ("web", "api")
    }  # fmt: skip
    file = databases.written(tmp_path / "asn.mmdb", hosted)
    asked = ["judge", str(stored), "--json", "--round", "5"]
    assert main([*asked, "--origins", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)["incidents"]
    assert [(i["service"], i["cause"]) for i in told] == [
        (name, "dependency_outage") for name in names[:2]
    ]
    assert all("(AS64500 Cloud Example)" in i["statement"] for i in told)
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)["incidents"]
    assert {i["cause"] for i in told} == {"service_outage"}
    assert main([*asked, "--origins", str(stored)]) == 2
    assert "is no MaxMind-format database" in capsys.readouterr().err
