"""What all countries say together, and how far it may be trusted."""

from __future__ import annotations

import pytest

from probe.model import Cause, State
from tests.judge import worlds as w
from tests.judge.worlds import Event, World


@pytest.mark.parametrize(
    ("maker", "surest"), [(w.server_error, State.CONFIRMED), (w.too_many, State.LIKELY)]
)
def test_what_may_be_too_many_requests_of_ours_is_no_confirmed_outage(
    maker: w.Maker, surest: State
) -> None:
    told = w.verdicts_at(World((Event(1.0, maker, features=("web",)),)), 31.0)
    cells = [v for v in told if (v.service, v.feature) == ("chirp", "web") and not v.network]
    assert {(v.leading, v.state) for v in cells} == {(Cause.SERVICE_OUTAGE, surest)}


def test_some_who_are_told_so_beside_plain_errors_cast_no_doubt_on_these() -> None:
    world = World((
        Event(1.0, w.server_error, features=("web",)),
        Event(1.0, w.too_many, features=("web",), countries=("TR",)),
    ))  # fmt: skip
    cell = w.cell(w.verdicts_at(world, 31.0), "web", "DE")
    assert (cell.leading, cell.state) == (Cause.SERVICE_OUTAGE, State.CONFIRMED)
