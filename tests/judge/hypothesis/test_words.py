from __future__ import annotations

from probe.judge.hypothesis.words import mechanisms, shown, strength
from probe.model import Author, Cause
from tests.judge.hypothesis.test_episode import ONE, THREE, TWO, finding, run
from tests.judge.worlds import null_route, server_error, sni_reset


def test_the_strongest_come_first_and_networks_take_turns() -> None:
    pieces = shown([run("ttttt"), run("xxxxx", TWO), run("xxxxx", THREE)], Cause.FILTERING)
    assert [p.vantage for p in pieces[:3]] == [TWO.id, THREE.id, ONE.id] or [
        p.vantage for p in pieces[:3]
    ] == [THREE.id, TWO.id, ONE.id]
    assert pieces[0].rule == "tls.reset_name"


def test_what_the_network_wrote_is_never_left_out() -> None:
    crowd = [run("sssss"), run("sssss", TWO), run("xxxxx", THREE)]
    assert any(p.author is Author.NETWORK for p in shown(crowd, Cause.SERVICE_OUTAGE, most=2))
    assert len(shown(crowd, Cause.SERVICE_OUTAGE, most=2)) == 2


def test_a_good_state_shows_good_sights() -> None:
    assert {p.rule for p in shown([run("ooooo"), run("xxxxx", TWO)], Cause.OK)} == {"ok.met"}


def test_strength_follows_the_side_that_wrote_it() -> None:
    assert strength(finding(sni_reset, 1), Cause.FILTERING) > strength(
        finding(null_route, 1), Cause.FILTERING
    )
    assert strength(finding(server_error, 1), Cause.SERVICE_OUTAGE) > strength(
        finding(server_error, 1), Cause.FILTERING
    )


def test_mechanisms_are_those_of_the_causes_side() -> None:
    held = [run("xxxxx"), run("xxxxx", TWO), run("sssss", THREE)]
    assert mechanisms(held, Cause.FILTERING) == ("tls.sni_rst",)
    assert mechanisms(held, Cause.SERVICE_OUTAGE) == ("server.outage_global",)
    assert mechanisms(held, Cause.OK) == ()
