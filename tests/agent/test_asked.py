"""What may be asked of /probe, and in what words the rest is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.agent.asked import LONGEST_SECONDS, OFFSET_SECONDS, RefusedError, read, within
from probe.model import Endpoint, Target

FRONT = Target(service="a", feature="web", endpoint="front")
LOGIN = Target(service="a", feature="login", endpoint="form")
ENDPOINTS = {
    FRONT: Endpoint(id="front", url="https://A.example"),
    LOGIN: Endpoint(id="form", url="http://a.example/Login?x=1", status=(401,)),
}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a/web/front", FRONT),
        ("https://a.example", FRONT),
        ("HTTPS://a.example/", FRONT),
        ("a/login/form", LOGIN),
        ("http://a.example/Login?x=1", LOGIN),
        ("a.example/Login?x=1", LOGIN),
    ],
)
def test_a_target_is_an_endpoint_by_its_id_or_its_url(text: str, target: Target) -> None:
    assert read({"target": text}, "", ENDPOINTS).target == target


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Target parameter is missing"),
        ({"target": ""}, "Target parameter is missing"),
        ({"target": "http://other.example/"}, "no endpoint of this agent"),
        ({"target": "a.example"}, "no endpoint of this agent"),  # http there, ours is https
        ({"target": "https://a.example/other"}, "no endpoint of this agent"),
        ({"target": "https://a.example@evil.example/"}, "no endpoint of this agent"),
        ({"target": "a/web"}, "no endpoint of this agent"),
        ({"target": "http://a.example/login?x=1"}, "no endpoint of this agent"),
        ({"target": "a/web/front", "module": "icmp"}, "Unknown module 'icmp'; there are http_2xx"),
        ({"target": "a/web/front", "hostname": "b"}, "'hostname' is not supported"),
    ],
)
def test_the_rest_is_refused_in_a_sentence(query: dict[str, str], words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        read(query, "", ENDPOINTS)
    assert refused.value.status == 400


def test_a_module_is_a_way_to_judge() -> None:
    chosen = read({"target": "a/web/front"}, "", ENDPOINTS)
    assert (chosen.module, chosen.endpoint.status) == ("http_2xx", tuple(range(200, 300)))
    query = {"target": "a/web/front", "module": "endpoint", "debug": "true"}
    plain = read(query, "", ENDPOINTS)
    assert (plain.endpoint, plain.debug) == (ENDPOINTS[FRONT], True)
    listed = read({"target": "a/login/form", "module": "http_2xx"}, "", ENDPOINTS)
    assert (listed.endpoint.status, listed.debug) == ((401,), False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 119.5), ("0", 119.5), ("10", 9.5), (" 2.5e0 ", 2), ("0.6", 0.3), ("inf", 119.5)],
)
def test_the_scraper_s_patience(header: str, seconds: float) -> None:
    assert within(header) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("header", "status"),
    [("ten", 500), ("10s", 500), ("1,5", 500), ("nan", 400), ("-1", 400), ("-inf", 400)],
)
def test_a_silly_patience_is_said_to_be_silly(header: str, status: int) -> None:
    with pytest.raises(RefusedError, match="X-Prometheus-Scrape-Timeout-Seconds") as refused:
        within(header)
    assert refused.value.status == status


@given(st.floats(min_value=0, exclude_min=True, allow_nan=False))
def test_there_is_always_some_time_and_never_more_than_the_scraper_has(seconds: float) -> None:
    given = within(repr(seconds))
    assert 0 < given < min(seconds, LONGEST_SECONDS) or seconds < 1e-300
    assert given >= min(seconds, LONGEST_SECONDS) - OFFSET_SECONDS
