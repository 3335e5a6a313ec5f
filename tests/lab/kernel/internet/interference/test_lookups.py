"""What is done to lookups, by what the policies say; what they do is decided elsewhere."""

from __future__ import annotations

from dns.rcode import NXDOMAIN

from probe.config.shape import Seconds
from probe.lab.answers import POOL
from probe.lab.kernel.internet.interference.lookups import (
    forge,
    forge_notice,
    forge_pool,
    notices,
    pollute,
    refuse,
    resolvers,
    silence,
)
from probe.lab.kernel.internet.interference.policy import DnsForgery, DnsSilence, Policy, Sink
from probe.lab.scenario import Event
from tests.lab.kernel.scene import PLAN

EVENT = Event(at=Seconds(0), mechanism="dns.nxdomain")


def acts(made: tuple[Policy, ...]) -> list[object]:
    return [policy.act for policy in made]


def forgery(made: tuple[Policy, ...]) -> DnsForgery:
    (act,) = acts(made)
    assert isinstance(act, DnsForgery)
    return act


def test_a_pool_is_told_one_by_one_or_together_and_never_names_a_host_of_the_plan() -> None:
    single, double = (forgery(forge_pool(EVENT, PLAN, together=both)) for both in (False, True))
    told = {answer for answers in single.answers for answer in answers}
    assert told & set(POOL)
    assert not told & {host.v4 for host in PLAN.hosts}
    assert (single.pool, double.pool, len(double.answers)) == (True, False, 2)
    assert not single.swallow


def test_a_sunk_address_takes_connections() -> None:
    assert [type(act) for act in acts(forge(EVENT, PLAN, answers=("11.9.9.9",), sunk=True))] == [
        DnsForgery,
        Sink,
    ]
    assert forgery(forge(EVENT, PLAN, answers=("11.9.9.9",))).answers == (("11.9.9.9",),)


def test_only_the_operators_resolvers_are_polluted() -> None:
    assert forgery(pollute(EVENT, PLAN)).servers == resolvers(PLAN)
    assert len(resolvers(PLAN)) == len(PLAN.resolvers) > 0


def test_a_notice_is_told_in_the_place_of_the_truth() -> None:
    assert forgery(forge_notice(EVENT, PLAN)).answers == (notices(PLAN),)
    assert notices(PLAN)[0] == PLAN.notice


def test_a_refusal_and_silence() -> None:
    assert forgery(refuse(EVENT, PLAN, rcode=NXDOMAIN)).rcode == NXDOMAIN
    assert acts(silence(EVENT, PLAN)) == [DnsSilence(names=())]
