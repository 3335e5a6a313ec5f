"""A piece of evidence speaks for its own cause, and how strongly."""

from __future__ import annotations

import math

import pytest

from probe.judge.paired.rules import BY_ID
from probe.judge.rules import ROWS
from probe.judge.strength import strength
from probe.model import Cause


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("tls.reset_name", Cause.FILTERING),
        ("http.451", Cause.GEO_BLOCK),
        ("http.5xx", Cause.SERVICE_OUTAGE),
        ("ok.slow", Cause.THROTTLING),
        ("ok.met", Cause.OK),
        ("pair.bogon", Cause.FILTERING),
        ("health.cut", Cause.NETWORK_DISRUPTION),
    ],
)
def test_it_speaks_most_for_what_it_is_a_sign_of(rule: str, cause: Cause) -> None:
    told = {each: strength(rule, each) or 0.0 for each in Cause}
    assert max(told, key=told.__getitem__) is cause
    assert told[cause] > 0


def test_every_rule_has_a_finite_number_or_none() -> None:
    for rule in (*ROWS, *BY_ID):
        for cause in Cause:
            nats = strength(rule, cause)
            assert nats is None or math.isfinite(nats)


def test_what_is_tried_beside_has_its_weight_alone() -> None:
    assert strength("test.own_address_cut", Cause.FILTERING) == 5.0
    assert strength("test.neutral_alike", Cause.FILTERING) is None
    assert strength("no.such", Cause.OK) is None
