from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.hypothesis import judge
from probe.judge.incident import advance
from probe.judge.reading import _glance, _studied, is_bogon, read
from probe.judge.sight import Contrast, Sight
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Header,
    Layer,
    Measurement,
    Observation,
    TcpConnect,
)
from tests.judge import worlds as w
from tests.judge.steps import STEPS

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)


def sight(*steps: Observation) -> Sight:
    return read(w.measurement(CASE, steps))


def test_a_whole_answer_over_a_valid_certificate_is_met_and_secure() -> None:
    seen = read(w.measurement(CASE, w.ok(CASE)))
    assert (seen.met, seen.answered, seen.secure, seen.layer) == (True, True, True, None)
    assert seen.valid == (CASE.address,)
    assert seen.pace == pytest.approx(0.03 + 0.05 + 0.05)


def test_one_good_address_of_several_is_enough() -> None:
    dead = w.tcp(CASE, "11.0.0.1", "generic_timeout_error")
    assert sight(dead, *w.ok(CASE)).met


def test_the_deepest_layer_reached_is_what_ended_it() -> None:
    seen = sight(
        w.dns(CASE, "11.0.0.1", "11.0.0.2"),
        w.tcp(CASE, "11.0.0.1", "generic_timeout_error"),
        w.tcp(CASE, "11.0.0.2"),
        w.tls(CASE, "11.0.0.2", "connection_reset"),
    )
    assert (seen.layer, seen.failure, seen.tried) == (Layer.TLS, "connection_reset", ("11.0.0.2",))


def test_ipv6_that_cannot_leave_the_house_is_not_what_ended_it() -> None:
    six = TcpConnect(
        at=w.START,
        took=0.0,
        address="2a00::1",
        port=443,
        failure=Failure(name="network_unreachable"),
    )
    four = w.tcp(CASE, "11.0.0.1", "generic_timeout_error")
    assert sight(six, four).failure == "generic_timeout_error"
    assert not sight(six, four).own
    assert sight(six).own


def test_nothing_tried_is_the_vantages_own() -> None:
    assert sight().own


def test_a_failed_aaaa_does_not_hide_what_a_says() -> None:
    aaaa = DnsLookup(
        at=w.START, took=0.1, name="x", query="AAAA", failure=Failure(name="dns_no_answer")
    )
    assert sight(aaaa, w.dns(CASE, failure="dns_nxdomain_error")).failure == "dns_nxdomain_error"


@pytest.mark.parametrize(
    ("failure", "contrast"),
    [("", Contrast.PASSES), ("ssl_invalid_hostname", Contrast.PASSES), ("connection_reset", Contrast.ALIKE),
     ("generic_timeout_error", Contrast.ALIKE)],
)  # fmt: skip
def test_a_neutral_name_passes_when_the_server_shows_any_certificate(
    failure: str, contrast: Contrast
) -> None:
    neutral = w.tls(
        CASE, CASE.address, failure, name="example.com", test=DifferentialTest.NEUTRAL_NAME
    )
    seen = sight(
        w.dns(CASE, CASE.address),
        w.tcp(CASE, CASE.address),
        w.tls(CASE, CASE.address, "connection_reset"),
        neutral,
    )
    assert seen.neutral is contrast


def test_a_test_is_not_the_chain() -> None:
    neutral = w.tls(CASE, CASE.address, name="example.com", test=DifferentialTest.NEUTRAL_NAME)
    assert sight(w.tls(CASE, CASE.address, "connection_reset"), neutral).valid == ()


def test_the_second_resolver_is_read_apart() -> None:
    seen = read(w.measurement(CASE, w.nxdomain(CASE)))
    assert (seen.second, seen.answers, seen.second_answers) == (
        Contrast.PASSES,
        (),
        (CASE.address,),
    )


def test_a_page_over_a_valid_certificate_is_never_a_notice() -> None:
    page = w.http(CASE, CASE.address, 200, Expectation.MISSING, title="5651 sayılı kanun")
    assert sight(w.tls(CASE, CASE.address), page).notice == ""
    plain = w.http(
        CASE, CASE.address, 200, Expectation.MISSING, title="5651 sayılı kanun", scheme="http"
    )
    assert sight(plain).notice == "tr.law_5651"


def test_a_redirect_to_a_notice_is_told_from_a_page() -> None:
    away = w.http(
        CASE, CASE.address, 302, None, scheme="http", location="http://internetpositif.id/"
    )
    seen = sight(w.dns(CASE, CASE.address), away)
    assert (seen.notice, seen.redirected) == ("id.internet_positif", True)


def test_a_challenge_is_seen_by_header_or_title() -> None:
    marked = w.http(
        CASE,
        CASE.address,
        403,
        Expectation.STATUS,
        headers=(Header(name="CF-Mitigated", value="challenge"),),
    )
    assert sight(w.tls(CASE, CASE.address), marked).challenge
    titled = w.http(CASE, CASE.address, 503, Expectation.STATUS, title="Just a moment...")
    assert sight(w.tls(CASE, CASE.address), titled).challenge


def test_the_refused_certificate_is_kept_and_its_expiry_read() -> None:
    seen = read(w.measurement(CASE, w.expired(CASE)))
    assert seen.expired
    assert len(seen.leaf) == 64


def test_second_answers_are_those_that_differ() -> None:
    doubled = DnsLookup(
        at=w.START, took=0.1, name="x", answers=("11.0.0.1",), late=("11.0.0.1", "11.0.0.2")
    )
    assert sight(doubled).doubled == ("11.0.0.2",)


def test_a_measurement_of_another_content_under_the_same_id_is_read_anew() -> None:
    good = w.measurement(CASE, w.ok(CASE))
    assert read(good).met
    bad = msgspec.structs.replace(good, observations=w.null_route(CASE))
    assert not read(bad).met
    assert read(msgspec.convert(msgspec.to_builtins(good), Measurement)).met


@pytest.mark.parametrize(
    ("address", "bogon"),
    [("10.1.2.3", True), ("127.0.0.1", True), ("0.0.0.0", True), ("nonsense", True),  # noqa: S104
     ("11.1.2.3", False), ("2a00::1", False), ("fe80::1%eth0", True)],
)  # fmt: skip
def test_bogons(address: str, bogon: bool) -> None:  # noqa: FBT001 — a table's column
    assert is_bogon(address) is bogon


@given(st.lists(STEPS, max_size=6), st.integers(0, 10))
@settings(max_examples=150, deadline=None)
def test_the_judge_never_raises_on_a_well_typed_measurement(
    steps: list[Observation], seconds: int
) -> None:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START + timedelta(seconds=seconds))
    odd = w.measurement(case, tuple(steps))
    world = w.World(roster=w.ROSTER[:6], services=(w.service("chirp", ("web",)),))
    good = w.measurement(in_country("DE"), w.ok(in_country("DE")))
    frame = w.view(world, 11.0, [odd, good])
    verdicts = judge([odd, good], frame)
    assert advance((), verdicts, frame) is not None


def in_country(country: str) -> w.Case:
    vantage = next(v for v in w.ROSTER if v.country == country)
    return w.Case(vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=9))


@given(steps=st.lists(STEPS, max_size=4), whole=st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_is_read_at_a_glance_is_what_a_study_finds(
    steps: list[Observation], *, whole: bool
) -> None:
    case = in_country("DE")
    seen = (*steps, *w.ok(case)) if whole else tuple(steps)
    m = w.measurement(case, seen)
    glance, study = _glance(m), _studied(m)
    if not steps:
        assert (glance is not None) is whole
    if glance is not None:
        assert glance.pace == pytest.approx(study.pace)
        unasked = {"challenge": False, "notice": "", "redirected": False, "tried": ()}
        alike = {**unasked, "pace": glance.pace}
        told = {name: getattr(glance, name) for name in Sight.__struct_fields__}
        assert told == {**msgspec.structs.asdict(study), **alike}


@pytest.mark.parametrize(("first", "pace"), [(0.0, 4.07), (0.1, 4.0), (3.9, 0.2)])
def test_a_server_that_ponders_is_not_slow_on_the_way(first: float, pace: float) -> None:
    case = in_country("DE")
    *way, answer = w.ok(case)
    late = msgspec.structs.replace(answer, took=4.0, first_byte=first)
    assert read(w.measurement(case, (*way, late))).pace == pytest.approx(pace, abs=0.02)


def test_what_is_as_it_was_is_shared() -> None:
    first, second = (w.measurement(in_country("DE"), w.ok(in_country("DE"))) for _ in range(2))
    again = msgspec.json.decode(msgspec.json.encode(second), type=Measurement)
    held, new = read(first), read(again, read(first))
    assert new.vantage is first.vantage
    assert (new.answers, new.valid) == (held.answers, held.valid)
    other = read(w.measurement(in_country("TR"), w.sni_reset(in_country("TR"))), held)
    assert other.vantage.country == "TR"
