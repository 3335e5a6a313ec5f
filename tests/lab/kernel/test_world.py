"""A whole world in a sandbox: names resolve, pages answer, changes begin and end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import probe
from probe.lab import library
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.kernel.world import playable

Sights = dict[str, dict[str, str]]
ON_PACKETS = tuple(name for name in library.names() if not library.load(name).outside)
"""Worlds that are written out whole; those that add the rest of the world are simulated."""


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    script = Path(__file__).parent / "whole.py"
    root = str(Path(probe.__file__).parent.parent)
    done = subprocess.run(  # noqa: S603 — our own script
        [sys.executable, str(script), str(tmp_path_factory.mktemp("world"))],
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == 0, done.stderr.decode()
    found: Sights = json.loads(done.stdout)
    return found


def test_names_have_their_true_addresses(sights: Sights) -> None:
    assert sights["well"]["twitter.com at"] == "2a0d:1:1::10 45.60.1.10"
    assert sights["well"]["nobody.example"] == "gaierror"


@pytest.mark.parametrize("host", ["twitter.com", "one.home.us", "www.reach-one.net"])
def test_pages_answer_under_trusted_certificates(sights: Sights, host: str) -> None:
    assert sights["well"][host] == "HTTP/1.1 200 OK"


def test_an_outage_is_the_services_alone(sights: Sights) -> None:
    assert sights["outage"]["twitter.com"] == "HTTP/1.1 503 Service Unavailable"
    assert sights["outage"]["www.reach-one.net"] == "HTTP/1.1 200 OK"


def test_a_broken_resolver_has_no_names_at_all(sights: Sights) -> None:
    assert {v for k, v in sights["broken"].items() if not k.endswith(" at")} == {"gaierror"}


def test_interference_begins_and_what_went_before_has_ended(sights: Sights) -> None:
    assert sights["reset"]["twitter.com"] == "ConnectionResetError"
    assert sights["reset"]["one.home.us"] == "HTTP/1.1 200 OK"


@pytest.mark.parametrize("name", ON_PACKETS)
def test_every_mechanism_of_our_scenarios_can_be_played(name: str) -> None:
    assert {event.mechanism for event in library.load(name).timeline} <= set(playable())
