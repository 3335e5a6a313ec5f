"""What a network says adds up to what its country says."""

from __future__ import annotations

import math

from probe.desk.networks import likelihoods
from probe.judge.hypothesis.likelihood import explain, network
from probe.judge.row import Category
from probe.model import Cause

LOOKS = ((Category.TLS_RESET, 3),)


def test_every_cause_but_the_dependencys_has_a_number() -> None:
    told = likelihoods(explain((network((LOOKS,), 1, (), 0.0),)))
    assert set(told) == set(Cause) - {Cause.DEPENDENCY_OUTAGE}
    assert all(math.isfinite(nats) for nats in told.values())


def test_rules_add_their_nats_to_the_sights() -> None:
    plain = likelihoods(explain((network((LOOKS,), 1, (), 0.0),)))
    signed = likelihoods(explain((network((LOOKS,), 1, (("filtering", 6.0),), 0.0),)))
    assert math.isclose(signed[Cause.FILTERING], plain[Cause.FILTERING] + 6.0)
