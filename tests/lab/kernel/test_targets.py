"""Who looks on from the host: every process has a socket, and the file names it with its labels."""

from __future__ import annotations

import json
import socket
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from probe.config.load import ConfigError
from probe.lab import library
from probe.lab.kernel import run as kernel
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.kernel.targets import labelled, scrapable
from probe.lab.result import Tick

SCENARIO = library.load("demo")


def test_without_a_file_nothing_listens() -> None:
    with scrapable(SCENARIO, None) as metrics:
        assert metrics == {}


def test_each_process_has_a_socket_that_the_file_names(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    with scrapable(SCENARIO, file) as metrics:
        assert len(metrics) == 15
        for entry, number in zip(json.loads(file.read_text()), metrics.values(), strict=True):
            (target,) = entry["targets"]
            with socket.socket(fileno=number) as held:
                assert target == "{}:{}".format(*held.getsockname())
                held.detach()
    assert list(tmp_path.iterdir()) == [file]


def test_labels_are_those_of_the_shipped_rules() -> None:
    labels = labelled(SCENARIO)
    assert labels["correlator"] == {"job": "worksforwhom-correlator"}
    agents = {name: held for name, held in labels.items() if name != "correlator"}
    assert {
        "job": "worksforwhom-agent",
        "vantage": next(iter(agents)),
        "country": "TR",
        "asn": "47331",
        "network_kind": "residential",
    } == next(iter(agents.values()))
    assert {held["vantage"] for held in agents.values()} == agents.keys()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nothing" / "lab.json"
    wrong = f"{file}: the targets cannot be written there: No such file"
    with pytest.raises(ConfigError, match=wrong), scrapable(SCENARIO, file):
        pass


SMALL = """
name: small
title: Three countries, well
length: 600
kernel_round: 2
services:
  - id: twitter
    name: Twitter
    features:
      - {id: web, name: Web, endpoints: [{id: home, url: "https://twitter.com/", expect: web}]}
networks:
  - {country: DE, asn: 3320, name: Deutsche Telekom}
  - {country: FR, asn: 3215, name: Orange}
"""


def test_a_lab_that_runs_is_scraped_from_the_host(tmp_path: Path) -> None:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    (tmp_path / "small.yaml").write_text(SMALL)
    options = kernel.Options(targets=tmp_path / "lab.json", full=True)
    with closing(kernel.run(str(tmp_path / "small.yaml"), options)) as news:
        assert "lab.json" in getattr(next(news), "text", "")
        assert any(isinstance(item, Tick) for item in news)
        found = json.loads((tmp_path / "lab.json").read_text())
        said = {
            entry["labels"]["job"]: urllib.request.urlopen(
                f"http://{entry['targets'][0]}/metrics", timeout=5
            ).read()
            for entry in found
        }
    assert b"probe_success" in said["worksforwhom-agent"]
    assert b"worksforwhom_vantages_reporting" in said["worksforwhom-correlator"]
