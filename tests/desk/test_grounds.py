"""How a cause was weighed is what the judge itself weighed."""

from __future__ import annotations

import math

from probe.desk.grounds import beside
from probe.judge.paired.weighing import verdicts, weigh
from probe.model import Cause
from tests.desk import small
from tests.desk.test_explain import filtered


def test_support_is_the_verdicts() -> None:
    (held,) = filtered().weighed
    assert math.isclose(sum(rival.support for rival in held.causes), 1.0)
    assert held.gate is not None
    assert held.gate.support == held.causes[0].support


def test_a_likelihood_is_a_number_of_this_country_alone() -> None:
    (held,) = filtered().weighed
    told = {rival.cause: rival.log_likelihood for rival in held.causes}
    assert told[Cause.DEPENDENCY_OUTAGE] is None
    assert (told[Cause.FILTERING] or 0) > (told[Cause.OK] or 0)


def test_looks_have_their_shares_and_no_gate() -> None:
    look = small.look()
    held = beside(verdicts([weigh(look)], look.own.at)[0])
    assert (held.path, held.gate, held.leading) == ("paired", None, Cause.OK)


def test_prior_this_country_and_the_others_make_the_share() -> None:
    (held,) = filtered().weighed
    told = [rival for rival in held.causes if rival.product is not None]
    assert len(told) == len(Cause) - 1
    whole = sum(rival.product or 0 for rival in told)
    for rival in told:
        again = ((rival.prior or 0) + rival.raised) * math.exp(
            (rival.log_likelihood or 0) + (rival.others or 0)
        )
        assert math.isclose(again, rival.product or 0, rel_tol=2e-3)  # three digits of a log
        assert math.isclose((rival.product or 0) / whole, rival.share or 0, rel_tol=1e-9)


def test_what_is_moved_afterwards_leads_from_the_shares_to_the_support() -> None:
    (held,) = filtered().weighed
    now = {rival.cause: rival.share or 0.0 for rival in held.causes}
    for step in held.steps:
        now = step.support
    for rival in held.causes:
        assert math.isclose(now[rival.cause], rival.support, abs_tol=1e-4)


def test_other_countries_add_to_what_reaches_several_alone() -> None:
    (held,) = filtered().weighed
    add = {rival.cause for rival in held.causes if rival.others}
    assert Cause.SERVICE_OUTAGE in add
    assert add <= {Cause.SERVICE_OUTAGE, Cause.GEO_BLOCK}
    assert set(held.reached_from) == {"DE", "JP", "US"}
    assert held.gate is not None
    assert (held.gate.through, held.gate.barred) == (3, len(held.not_reached_from))


def test_a_network_says_what_its_probes_saw() -> None:
    (held,) = filtered().weighed
    for network in held.networks:
        seen = [
            {name: len(ids) for name, ids in one.measurements.items()} for one in network.looks
        ]
        assert seen == list(network.counts)
        assert [one.probe for one in network.looks] == list(range(1, len(network.looks) + 1))
        assert network.sign is not None
        assert network.sign.counted == network.weights["filtering"]
        assert network.effective == {1: 1.0, 2: 1.25}[len(network.looks)]
