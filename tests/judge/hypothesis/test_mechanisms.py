"""What several vantages and rounds tell is named beside what single sights show; nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import pytest

from probe.judge.control import Reference
from probe.judge.evidence import Finding, find
from probe.judge.health import Condition, Health
from probe.judge.hypothesis import mechanisms
from probe.judge.hypothesis.mechanisms import Heard, refined
from probe.judge.reading import read
from probe.judge.rules import ROWS
from probe.judge.view import View
from probe.model import (
    Author,
    Cause,
    DifferentialTest,
    Feature,
    NetworkKind,
    Observation,
    State,
    Vantage,
    Verdict,
)
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
VIEW = View(now=w.START, round=timedelta(seconds=w.ROUND), services=(w.service("chirp"),))
MOBILE = Vantage(id="m", country="TR", asn=1, kind=NetworkKind.MOBILE)
FIXED = Vantage(id="f", country="TR", asn=2)


def finding(maker: w.Maker, case: w.Case = CASE) -> Finding:
    return find(read(w.measurement(case, maker(case))), Reference())


def heard(
    odd: Sequence[Sequence[Finding]] = (),
    healths: Mapping[str, Health] = {},
    reaching: frozenset[str] = frozenset(),
) -> Heard:
    cell = ("chirp", "web", "TR")
    quiet = [f for each in odd for f in each if not f.failing and f.main.mechanism]
    return Heard(
        matters={},
        odd={cell: odd},
        named={cell} if quiet else set(),
        healths=healths,
        reaching=reaching,
    )


def verdict(leading: Cause, service: str = "chirp", **more: object) -> Verdict:
    facts: dict[str, object] = {
        "service": service, "feature": "web" if service else "", "country": "TR", "network": 0,
        "at": w.START, "leading": leading, "state": State.LIKELY, "confidence": 0.9,
        "support": {leading: 0.9},
    }  # fmt: skip
    return Verdict(**(facts | more))  # type: ignore[arg-type]


def one(given: Verdict, known: Heard) -> Verdict:
    (found,) = refined([given], known, VIEW)
    return found


IN_TURN = [finding(m) for m in (w.sni_reset, w.ok, w.sni_reset, w.sni_reset)]
ONCE = [finding(m) for m in (w.sni_reset, w.sni_reset, w.ok, w.ok)]


@pytest.mark.parametrize(("series", "named"), [(IN_TURN, True), (ONCE, False)])
def test_only_what_passes_and_fails_in_turn_on_several_is_chance(
    series: list[Finding], *, named: bool
) -> None:
    found = one(verdict(Cause.FILTERING), heard([series, series]))
    assert ("flaky.probabilistic" in found.mechanisms) is named
    assert "flaky.probabilistic" not in one(verdict(Cause.FILTERING), heard([series])).mechanisms


@pytest.mark.parametrize(
    ("shared", "mechanism"),
    [
        ("site cloudflare/LHR", "server.outage_cdn_pop"),
        ("route to 45.60.1.0/24", "ip.bgp_hijack_blackhole"),
    ],
)
def test_what_services_share_names_the_mechanism(shared: str, mechanism: str) -> None:
    found = one(verdict(Cause.DEPENDENCY_OUTAGE, shared=(shared,)), heard())
    assert found.mechanisms == (mechanism,)
    assert [piece.mechanism for piece in found.evidence] == [mechanism]


def test_an_outage_of_anything_else_names_none() -> None:
    given = verdict(Cause.DEPENDENCY_OUTAGE, shared=("akamai-dns",))
    assert one(given, heard()) == given


def test_a_shutdown_of_mobile_networks_alone_is_one() -> None:
    healths = {
        "m": Health(vantage=MOBILE, condition=Condition.DARK),
        "f": Health(vantage=FIXED, condition=Condition.WELL),
    }
    found = one(verdict(Cause.NETWORK_DISRUPTION, "", network=1), heard(healths=healths))
    assert found.mechanisms == ("ip.shutdown_mobile_only",)


@pytest.mark.parametrize(("reason", "named"), [("clock_wrong", True), ("exit_changed", False)])
def test_what_ails_a_vantage_is_its_own(reason: str, *, named: bool) -> None:
    healths = {"m": Health(vantage=MOBILE, condition=Condition.BROKEN, reason=reason)}
    found = one(verdict(Cause.LOCAL_FAULT, ""), heard(healths=healths))
    assert [p.mechanism for p in found.evidence] == (["local.clock_skew"] if named else [])
    assert found.mechanisms == ()


def test_a_name_within_another_that_is_hit_is_told_only_where_both_are() -> None:
    services = tuple(
        msgspec.structs.replace(w.service(name), features=(feature(name),))
        for name in ("tco", "tcoin")
    )
    view = msgspec.structs.replace(VIEW, services=services)
    hit = [
        verdict(Cause.FILTERING, name, mechanisms=("tls.sni_rst",)) for name in ("tco", "tcoin")
    ]
    short, long = refined(hit, heard(), view)
    assert "scope.collateral_substring" in long.mechanisms
    assert "scope.collateral_substring" not in short.mechanisms
    (alone,) = refined(hit[1:], heard(), view)
    assert "scope.collateral_substring" not in alone.mechanisms


def feature(name: str) -> Feature:
    (first, *_) = w.service(name).features
    (endpoint, *_) = first.endpoints
    named = msgspec.structs.replace(endpoint, url=f"https://www.{name}.com/")
    return msgspec.structs.replace(first, endpoints=(named,))


def test_a_challenge_is_told_though_nothing_rests_on_it() -> None:
    robot = msgspec.structs.replace(
        finding(w.geo_block), main=ROWS["http.challenge"], failing=False
    )
    quiet = msgspec.structs.replace(robot, category=robot.main.category)
    found = one(verdict(Cause.LOCAL_FAULT), heard([[quiet]]))
    assert "server.bot_challenge" in {piece.mechanism for piece in found.evidence}


def test_cause_state_and_support_are_never_changed() -> None:
    given = verdict(Cause.FILTERING)
    found = one(given, heard([IN_TURN, IN_TURN]))
    same = {"mechanisms": given.mechanisms, "evidence": given.evidence}
    assert msgspec.structs.replace(found, **same) == given
    assert set(mechanisms.SENTENCES) >= set(found.mechanisms)


def lost_over_quic(case: w.Case) -> tuple[Observation, ...]:
    late = "generic_timeout_error"
    return (*w.ok(case), *w.over_quic(case, "", late, late))


def cut_over_both(case: w.Case) -> tuple[Observation, ...]:
    return (*w.sni_reset(case), *lost_over_quic(case)[len(w.ok(case)) :])


def test_quic_that_is_lost_is_named_beside_a_verdict_and_changes_nothing_else() -> None:
    well = verdict(Cause.OK)
    told = one(well, heard([[finding(lost_over_quic)]]))
    assert [(p.rule, p.mechanism) for p in told.evidence] == [("ok.quic_name", "quic.sni_block")]
    assert (told.leading, told.support, told.mechanisms) == (well.leading, well.support, ())
    cut = one(verdict(Cause.FILTERING), heard([[finding(cut_over_both)]]))
    assert "quic.sni_block" in cut.mechanisms


def lingering(case: w.Case) -> tuple[Observation, ...]:
    """A harmless name passes after a time of rest; the name is cut, and then the harmless one."""
    test = DifferentialTest.AFTER
    first = (w.tcp(case, case.address), w.tls(case, case.address, name="example.com"))
    rested = tuple(msgspec.structs.replace(step, test=test) for step in first)
    cut = w.tls(case, case.address, "connection_reset")
    return (
        *rested,
        *w.ok(case)[:2],
        cut,
        msgspec.structs.replace(cut, test=DifferentialTest.NEUTRAL_NAME),
    )


def test_what_outlasts_the_name_is_told_as_that_and_not_as_an_outage() -> None:
    struck = w.Event(0.0, lingering, countries=("TR",), features=("web",))
    verdict = w.cell(w.verdicts_at(w.World((struck,)), 60.0), "web", "TR")
    assert (verdict.leading, verdict.state) == (Cause.FILTERING, State.CONFIRMED)
    assert "residual.3tuple" in verdict.mechanisms
    (piece,) = {(p.rule, p.author) for p in verdict.evidence if p.rule.startswith("test.")}
    assert piece == ("test.after_passes", Author.NETWORK)
