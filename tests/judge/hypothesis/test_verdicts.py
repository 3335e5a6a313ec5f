from __future__ import annotations

from probe.judge.hypothesis import judge
from probe.model import Cause, State
from tests.judge import worlds as w
from tests.judge.worlds import Event, World


def test_an_untested_cell_is_insufficient_and_never_ok() -> None:
    world = World()
    frame = w.view(world, 12.0, [])
    for verdict in judge([], frame):
        assert verdict.state is State.INSUFFICIENT
        assert verdict.leading is not Cause.OK


def test_evidence_is_spread_over_the_networks() -> None:
    verdict = w.cell(
        w.verdicts_at(World((Event(1.0, w.sni_reset, countries=("TR",)),)), 16.0), "web", "TR"
    )
    first = {piece.vantage for piece in verdict.evidence[:2]}
    assert len(verdict.evidence) >= 3
    assert len({vantage.split("-")[1] for vantage in first}) == 2
    assert verdict.evidence[0].rule == "tls.reset_name"
    assert (verdict.vantages, verdict.networks) == (3, 2)
