from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from probe.config.shape import Seconds
from probe.lab.kernel.internet.forge import packed
from probe.lab.kernel.internet.interference import (
    NothingHit,
    UnknownMechanism,
    known,
    policies,
)
from probe.lab.kernel.internet.interference.mechanism import MECHANISMS
from probe.lab.kernel.internet.interference.policy import (
    AddressDrop,
    Cut,
    Delay,
    DnsForgery,
    NameDelay,
    NameReset,
    Policy,
)
from probe.lab.kernel.plan import Host, Role
from probe.lab.scenario import Event
from tests.lab.kernel.scene import CONTROL, ISP, NOTICE, ORIGIN, ORIGIN_V6, PLAN

CATALOGUE = Path(__file__).parents[6] / "shared/reference/mechanisms.json"
VARIANTS = {"ip.nullroute.unreachable", "local.ipv6_broken"}
HOME, HOME_V6, MOBILE = packed("31.5.0.1"), packed("2a0e:2::1"), packed("31.6.0.1")


def drop(**more: object) -> Event:
    return event("ip.nullroute", **more)


def event(mechanism: str, **more: object) -> Event:
    return Event(at=0, mechanism=mechanism, **more)  # type: ignore[arg-type]


def one(wished: Event) -> Policy:
    (policy,) = policies(wished, PLAN)
    return policy


def test_an_unknown_mechanism_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownMechanism) as raised:
        policies(event("dns.nonsense"), PLAN)
    assert str(raised.value).startswith("'dns.nonsense' is no mechanism")
    assert all(mechanism in str(raised.value) for mechanism in known())


@pytest.mark.skipif(
    not CATALOGUE.exists(), reason="the mechanism catalogue is not beside the checkout"
)
def test_every_mechanism_is_of_the_catalogue_or_a_named_variant() -> None:
    catalogue = {entry["id"] for entry in json.loads(CATALOGUE.read_text())}
    assert set(known()) - catalogue == VARIANTS


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_every_mechanism_makes_policies_for_a_whole_service_everywhere(mechanism: str) -> None:
    made = policies(event(mechanism, services=("example",), share=0.5), PLAN)
    assert made
    assert {policy.share for policy in made} == {0.5}


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_every_policy_can_travel_to_the_router(mechanism: str) -> None:
    """A duration of a scenario is a `Seconds`, which is no JSON."""
    made = policies(event(mechanism, services=("example",), delay=Seconds(0.1)), PLAN)
    assert msgspec.json.decode(msgspec.json.encode(made), type=tuple[Policy, ...]) == made


@pytest.mark.parametrize(
    ("wished", "says"),
    [
        ({"services": ("nobody",)}, "no host names of nobody"),
        ({"names": ("nowhere.example",)}, "no address of nowhere.example"),
        ({"services": ("example",), "countries": ("FR",)}, "no host of the plan"),
        ({"services": ("example",), "vantages": ("origin",)}, "no probe host"),
    ],
)
def test_an_event_that_can_hit_nothing_is_refused(wished: dict[str, object], says: str) -> None:
    with pytest.raises(NothingHit, match=says):
        policies(drop(**wished), PLAN)


def test_where_no_probe_host_is_mobile_there_is_no_mobile_shutdown() -> None:
    with pytest.raises(NothingHit, match="no mobile network"):
        policies(event("ip.shutdown_mobile_only", countries=("DE",)), PLAN)


def test_interference_acts_on_probe_hosts_in_both_families() -> None:
    policy = one(drop(services=("example",), countries=("TR",)))
    assert policy.clients == (HOME, HOME_V6, MOBILE)
    assert policy.act == AddressDrop(addresses=(packed(ORIGIN), packed(ORIGIN_V6)))


def test_a_delay_without_a_service_is_the_whole_networks() -> None:
    assert one(event("throttle.handshake_delay", delay=0.2)).act == Delay(seconds=0.2)


def test_a_delay_of_a_service_is_of_what_names_it() -> None:
    act = one(event("throttle.handshake_delay", services=("example",), delay=0.2)).act
    assert isinstance(act, NameDelay)
    assert (act.seconds, set(act.names)) == (0.2, set(PLAN.names["example"]))
    address = one(event("throttle.ip_association", services=("example",), delay=0.2)).act
    assert isinstance(address, Delay)


def test_connection_requests_are_dropped_at_one_port_alone() -> None:
    act = one(event("tcp.syn_drop", services=("example",))).act
    assert isinstance(act, AddressDrop)
    assert (act.ports, act.syn_only) == ((443,), True)


@pytest.mark.parametrize(("delay", "lasts"), [(0, 180.0), (2.0, 2.0)])
def test_a_block_lingers_for_three_minutes_or_as_long_as_is_said(
    delay: float, lasts: float
) -> None:
    act = one(event("residual.3tuple", services=("example",), delay=delay)).act
    assert isinstance(act, NameReset)
    assert act.residual == lasts


def test_a_shutdown_takes_everything_that_is_in_the_country() -> None:
    policy = one(event("ip.shutdown_bgp", countries=("TR",)))
    assert {HOME, HOME_V6, MOBILE, packed(ISP), packed(CONTROL)} == set(policy.clients)
    assert policy.act == Cut()


def test_a_stealthy_shutdown_spares_what_is_domestic() -> None:
    for policy in policies(event("ip.shutdown_stealth", networks=(9121,)), PLAN):
        assert isinstance(policy.act, Cut)
        assert packed(CONTROL) in policy.act.spared
        assert packed(ORIGIN) not in policy.act.spared


def test_resolvers_keep_the_cores_name_servers_only_where_their_country_has_none() -> None:
    root = Host(name="ns-root", role=Role.NAMESERVER, v4="45.0.0.1")
    own = Host(name="ns-tr", role=Role.NAMESERVER, v4="31.9.0.1", country="TR")

    def spared(*more: Host) -> set[bytes]:
        plan = msgspec.structs.replace(PLAN, hosts=(*PLAN.hosts, *more))
        made = policies(event("ip.shutdown_stealth", countries=("TR",)), plan)
        (act,) = [policy.act for policy in made if packed(ISP) in policy.clients]
        assert isinstance(act, Cut)
        return set(act.spared)

    assert packed("45.0.0.1") in spared(root)
    assert packed("45.0.0.1") not in spared(root, own)
    assert packed("31.9.0.1") in spared(root, own)


def test_a_forged_address_is_one_that_no_host_of_the_plan_has() -> None:
    act = one(event("dns.injection.forged_public", services=("example",))).act
    assert isinstance(act, DnsForgery)
    assert not {a for answer in act.answers for a in answer} & {host.v4 for host in PLAN.hosts}


def test_a_block_page_address_is_the_notice_hosts() -> None:
    act = one(event("dns.injection.blockpage_ip", services=("example",))).act
    assert isinstance(act, DnsForgery)
    assert act.answers == ((NOTICE,),)
