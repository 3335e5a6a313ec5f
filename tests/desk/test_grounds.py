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
