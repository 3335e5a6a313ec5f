"""Whose hand is in what is seen."""

from __future__ import annotations

import msgspec

from probe.judge.cells import network_authored, server_countries
from probe.model import Verdict
from tests.judge import worlds as w
from tests.judge.said import SERVICES
from tests.judge.worlds import Event, World


def test_only_verdicts_with_the_servers_hand_count_for_ruling_out() -> None:
    world = World((Event(1.0, w.server_error),), services=SERVICES)
    verdicts = w.verdicts_at(world, 11.0)
    assert server_countries(verdicts) == 8
    assert not network_authored(verdicts)
    bare: list[Verdict] = [msgspec.structs.replace(v, evidence=()) for v in verdicts]
    assert server_countries(bare) == 0


def test_one_sight_that_a_network_may_have_written_is_chance() -> None:
    world = World((Event(1.0, w.sni_reset, countries=("TR",)),), services=SERVICES)
    cut = [v for v in w.verdicts_at(world, 11.0) if v.country == "TR" and not v.network]
    assert network_authored(cut)
    once = [msgspec.structs.replace(v, evidence=v.evidence[:1]) for v in cut[:1]]
    assert not network_authored(once)
