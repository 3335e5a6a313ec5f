"""QUIC in virtual time: tried where the scenario says so, and lost by name, by address, or as a whole."""

from __future__ import annotations

import msgspec
import pytest

from probe.judge.trials import trials
from probe.lab.simulated.ours import ADDRESS
from probe.lab.world import NEUTRAL_NAME
from probe.measure.failure import TIMEOUT
from probe.model import Observation, QuicHandshake
from tests.lab.simulated.worlds import event, main_rule, measured, scenario

WHOLE, NAMED = "quic.udp443_block", "quic.sni_block"


def looked(*mechanisms: str, speaks: bool = True) -> tuple[Observation, ...]:
    told = scenario(
        *(event(name, countries=("TR",)) for name in mechanisms),
        quic=("chirp",) if speaks else (),
    )
    return measured(told).observations


def shaken(seen: tuple[Observation, ...]) -> list[QuicHandshake]:
    return [step for step in seen if isinstance(step, QuicHandshake)]


def ends(seen: tuple[Observation, ...]) -> list[str]:
    return [step.failure.name if step.failure else "" for step in shaken(seen)]


def test_both_names_go_to_a_server_of_ours_and_then_the_target_is_tried() -> None:
    control, named, target = shaken(looked())
    assert (control.address, control.server_name) == (ADDRESS, NEUTRAL_NAME)
    assert (named.address, named.server_name) == (ADDRESS, target.server_name)
    assert target.address != ADDRESS
    assert target.chain
    assert shaken(looked(speaks=False)) == []


@pytest.mark.parametrize(
    ("mechanism", "told"),
    [
        ((), ["", "", ""]),
        ((WHOLE,), [TIMEOUT, TIMEOUT]),
        ((NAMED,), ["", TIMEOUT, TIMEOUT]),
        (("ip.nullroute",), ["", "", TIMEOUT]),
        (("tcp.syn_drop",), ["", "", ""]),
        (("tcp.rst_on_syn",), ["", "", ""]),
        (("tls.sni_rst",), ["", "", ""]),
    ],
)
def test_what_is_lost_is_lost_in_its_own_way(mechanism: tuple[str, ...], told: list[str]) -> None:
    assert ends(looked(*mechanism)) == told


@pytest.mark.parametrize(("mechanism", "rule"), [(WHOLE, "ok.quic"), (NAMED, "ok.quic_name")])
def test_the_judge_names_it_beside_a_service_that_is_well(mechanism: str, rule: str) -> None:
    told = scenario(event(mechanism, countries=("TR",)), quic=("chirp",))
    well = measured(msgspec.structs.replace(told, timeline=()), "de-as3320-1")
    assert main_rule(measured(told), well).id == rule


def test_a_name_that_is_reset_over_tls_passes_over_quic_and_that_is_told() -> None:
    found = trials(looked("tls.sni_rst"))
    assert (found.proven, found.dropped, found.muted) == (True, False, "")
