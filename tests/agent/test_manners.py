"""A host is visited so often, whoever asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.agent.manners import Manners
from probe.measure.bogon import networks

SITE = "https://site.test/"


def test_a_host_has_its_measure_and_others_have_theirs() -> None:
    manners = Manners(60)
    burst = [manners.may(f"https://Site.test:8443/{n}", 0.0) for n in range(12)]
    assert burst == [True] * 10 + [False] * 2
    assert manners.may("https://other.test/", 0.0)
    assert not manners.may("http://site.test/", 0.5)
    assert manners.may(SITE, 1.5)
    assert not manners.may(SITE, 1.5)


def test_a_small_measure_is_one_visit_at_a_time() -> None:
    manners = Manners(1)
    assert [manners.may(SITE, at) for at in (0.0, 30.0, 61.0)] == [True, False, True]


@pytest.mark.parametrize("url", ["dns:site.test", "https://10.0.0.1/", "tcp://[fd00::1]:25"])
def test_names_and_one_s_own_networks_have_no_limit(url: str) -> None:
    manners = Manners(1, networks(("10.0.0.0/8", "fd00::/8")))
    assert all(manners.may(url, 0.0) for _ in range(50))


def test_an_address_of_the_world_has_one_though_all_is_allowed() -> None:
    manners = Manners(1, networks(("0.0.0.0/0",)))
    assert [manners.may("https://93.184.216.34/", 0.0) for _ in range(2)] == [True, False]


def test_none_is_none() -> None:
    manners = Manners(0)
    assert all(manners.may(SITE, 0.0) for _ in range(1000))


@given(st.integers(1, 600), st.lists(st.floats(0, 5), min_size=1, max_size=80))
def test_no_minute_has_more_than_the_measure_and_one_burst(rate: int, gaps: list[float]) -> None:
    manners, now, visits = Manners(rate), 0.0, list[float]()
    for gap in gaps:
        now += gap
        if manners.may(SITE, now):
            visits.append(now)
    most = rate + max(1, rate / 6) + 1
    assert all(sum(at <= other < at + 60 for other in visits) <= most for at in visits)
