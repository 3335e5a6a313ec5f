from __future__ import annotations

import pytest

from probe.judge.control import (
    SLOW_RATIO,
    Reference,
    answered_abroad,
    common_answers,
    control_paces,
    genuine,
    proven_abroad,
    reference,
    shown_abroad,
    slow,
)
from probe.judge.sight import Sight, read
from probe.model import CONTROL, Reach
from tests.judge import worlds as w


def case(country: str, service: str = "chirp", feature: str = "web") -> w.Case:
    vantage = next(v for v in w.ROSTER if v.country == country)
    return w.Case(vantage, service, feature, f"{service}-{feature}", w.START)


def see(country: str, maker: w.Maker) -> Sight:
    return read(w.measurement(case(country), maker(case(country))))


OTHER = case("TR", feature="api")


def among(*sights: Sight, own: dict[str, float] | None = None) -> Reference:
    return reference([[sight] for sight in sights], own)


ADDRESS = case("TR").address


def test_an_address_is_genuine_when_another_country_validated_it() -> None:
    known = among(see("DE", w.ok), see("TR", w.mitm))
    assert genuine(known, "TR", [ADDRESS])
    assert proven_abroad(known, "TR")
    assert answered_abroad(known, "TR", [ADDRESS])
    assert not genuine(known, "TR", ["31.13.7.7"])


def test_a_country_is_no_reference_for_itself() -> None:
    known = among(see("TR", w.ok))
    assert not genuine(known, "TR", [ADDRESS])
    assert not proven_abroad(known, "TR")
    assert not answered_abroad(known, "TR", [ADDRESS])


def test_a_certificate_shown_in_several_countries_is_counted_elsewhere() -> None:
    known = among(see("DE", w.expired), see("US", w.expired), see("TR", w.expired))
    assert shown_abroad(known, "TR", see("TR", w.expired).leaf) == 2
    assert shown_abroad(known, "TR", "other") == 0


def test_slow_is_far_above_other_countries_and_above_ones_own_controls() -> None:
    late = see("TR", w.delayed)
    assert slow(late, among(late, see("DE", w.ok), see("US", w.ok)))
    assert not slow(see("TR", w.ok), among(see("DE", w.ok)))
    assert not slow(late, Reference())
    assert not slow(late, among(late, see("DE", w.delayed), see("US", w.delayed)))


def test_a_slow_line_is_not_a_throttled_service() -> None:
    late = see("TR", w.delayed)
    own = {late.vantage.id: late.pace / (SLOW_RATIO - 1)}
    assert not slow(late, among(late, see("DE", w.ok), own=own))


def test_paces_of_controls_leave_targets_and_failures_out() -> None:
    control = case("TR", CONTROL, Reach.FOREIGN.value)
    good = read(w.measurement(control, w.ok(control)))
    paces = control_paces([[good], [see("TR", w.delayed)]])
    assert paces == {good.vantage.id: pytest.approx(good.pace)}


def test_addresses_that_serve_several_endpoints_of_a_country_are_common() -> None:
    here = [see("TR", w.forged), read(w.measurement(OTHER, w.forged(OTHER)))]
    assert common_answers([[sight] for sight in here]) == {("TR", "31.13.77.33")}
    assert common_answers([here[:1], here[:1]]) == frozenset()
