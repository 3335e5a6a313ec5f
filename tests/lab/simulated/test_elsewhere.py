"""Encrypted resolvers in virtual time: asked where the scenario says so, and cut off as over packets."""

from __future__ import annotations

import dns.rcode
import msgspec

from probe.judge.trials import trials
from probe.lab.scenario import Form
from probe.lab.simulated.elsewhere import TEST
from probe.model import DnsLookup, Layer, Observation
from tests.lab.simulated.worlds import event, main_rule, measured, scenario

BLOCK = "dns.encrypted_dns_block"


def looked(*mechanisms: str, asks: bool = True) -> tuple[Observation, ...]:
    told = scenario(
        *(event(name, countries=("TR",)) for name in mechanisms),
        encrypted_dns=("chirp",) if asks else (),
    )
    return measured(told).observations


def sealed(seen: tuple[Observation, ...]) -> list[DnsLookup]:
    mine = [step for step in seen if isinstance(step, DnsLookup) and step.test is TEST]
    return [step for step in mine if step.server_name]


def test_they_are_asked_where_nothing_fails() -> None:
    assert [step.failure for step in sealed(looked())] == [None, None]
    assert sealed(looked(asks=False)) == []
    assert len(trials(looked()).sealed) == 2


def test_they_are_cut_off_each_in_its_own_way() -> None:
    seen = looked(BLOCK)
    assert [step.failed_at for step in sealed(seen)] == [Layer.TCP, Layer.TLS]
    assert trials(seen).cut
    assert not trials(looked(BLOCK, asks=False)).cut


def test_nobody_forges_what_they_say() -> None:
    seen = looked("dns.injection.forged_public")
    (true, _) = (step.answers for step in sealed(seen))
    plain = [s for s in seen if isinstance(s, DnsLookup) and s.test is None]
    assert true not in {step.answers for step in plain}


def test_where_nothing_passes_they_do_not_either() -> None:
    assert {step.failed_at for step in sealed(looked("ip.shutdown_bgp"))} == {Layer.TCP}


def test_what_the_name_s_own_servers_do_not_say_they_do_not_know_either() -> None:
    unheard = event("server.outage_global", form=Form.NO_NAME)
    seen = measured(scenario(unheard, encrypted_dns=("chirp",))).observations
    assert {step.rcode for step in sealed(seen)} == {dns.rcode.SERVFAIL}
    assert trials(seen).unheard
    cut = measured(scenario(unheard, event(BLOCK), encrypted_dns=("chirp",))).observations
    assert [step.failed_at for step in sealed(cut)] == [Layer.TCP, Layer.TLS]
    assert trials(cut).unheard


def test_the_judge_names_the_block_beside_a_service_that_is_well() -> None:
    told = scenario(event(BLOCK, countries=("TR",)), encrypted_dns=("chirp",))
    hit = measured(told)
    well = msgspec.structs.replace(told, timeline=())
    assert main_rule(hit, measured(well, "de-as3320-1")).id == "ok.encrypted_dns"
