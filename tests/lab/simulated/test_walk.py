"""A walked measurement is one that the real chain could have made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.scenario import Form
from probe.lab.simulated.mechanism import MECHANISMS
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.walk import MEASURING
from probe.measure.chain import settle
from probe.measure.diagnose import next_tests
from probe.model import DnsLookup, Expectation, HttpExchange, TcpConnect, TlsHandshake
from tests.lab.simulated.worlds import event, scenario, service, walked

NAMES = sorted(MECHANISMS)
VANTAGES = ("tr-as47331-1", "de-as3320-1")


def test_in_peace_a_measurement_meets_its_expectation() -> None:
    seen = walked(scenario()).observations
    assert [type(step) for step in seen] == [DnsLookup, TcpConnect, TlsHandshake, HttpExchange]
    last = seen[-1]
    assert isinstance(last, HttpExchange)
    assert (last.status, last.expectation) == (200, Expectation.MET)
    assert last.length >= 4096


def test_a_network_with_ipv6_tries_both_families() -> None:
    seen = walked(scenario(), "de-as3320-1").observations
    assert [s.query for s in seen if isinstance(s, DnsLookup)] == ["A", "AAAA"]
    assert len([s for s in seen if isinstance(s, TlsHandshake)]) == 2
    assert len([s for s in seen if isinstance(s, HttpExchange)]) == 1


@given(mechanism=st.sampled_from(NAMES), vantage=st.sampled_from(VANTAGES), dice=st.integers(0, 99),
       scheme=st.sampled_from(["http", "https"]))  # fmt: skip
def test_steps_follow_each_other_as_the_chains_do(
    mechanism: str, vantage: str, dice: int, scheme: str
) -> None:
    told = scenario(
        event(mechanism, services=("plain",)), services=(service("plain", "web", scheme=scheme),)
    )
    seen = walked(told, vantage, "web.plain", dice)
    plain = tuple(step for step in seen.observations if step.test is None)
    tests = tuple(dict.fromkeys(s.test for s in seen.observations if s.test))
    assert tests == next_tests(plain, MEASURING)
    assert settle(plain) == plain
    reached = {s.address for s in plain if isinstance(s, TcpConnect) and not s.failure}
    assert {s.address for s in plain if isinstance(s, TlsHandshake | HttpExchange)} <= reached
    ends = [(step.at - EPOCH).total_seconds() + step.took for step in seen.observations]
    assert seen.took == pytest.approx(max(ends), abs=1e-5)


@pytest.mark.parametrize(
    ("form", "status", "expectation"),
    [
        (Form.HTTP_5XX, 503, Expectation.STATUS),
        (Form.APP_ERROR, 200, Expectation.FORBIDDEN),
        (Form.REJECTION, 403, Expectation.STATUS),
        (Form.SLOW, 200, Expectation.MET),
    ],
)
def test_a_failing_service_answers_in_its_form(
    form: Form, status: int, expectation: Expectation
) -> None:
    told = scenario(event("server.outage_global", form=form, delay=3))
    last = walked(told).observations[-1]
    assert isinstance(last, HttpExchange)
    assert (last.status, last.expectation) == (status, expectation)
    assert (last.first_byte > 3) is (form is Form.SLOW)


def test_a_redirect_leads_to_the_notice_host() -> None:
    plain = service("plain", "web", scheme="http")
    told = scenario(event("http.redirect_302", services=("plain",)), services=(plain,))
    seen = walked(told, name="web.plain").observations
    assert [step.hop for step in seen] == [0, 0, 0, 1, 1]
    assert isinstance(seen[2], HttpExchange)
    assert isinstance(seen[4], HttpExchange)
    assert seen[2].location == seen[4].url
