"""No more tests than the budget has, and none where an earlier cut may still be at work."""

from hypothesis import given
from hypothesis import strategies as st

from probe.measure.restraint import MOST_PLACES, Budget, Residue

PLACE = ("192.0.2.1", 443)
steps = st.lists(st.floats(0, 100), max_size=200)


@given(st.integers(0, 50), steps)
def test_the_budget_is_never_passed(per_minute: int, after: list[float]) -> None:
    budget, now, taken = Budget(per_minute), 1000.0, 0
    for seconds in after:
        now += seconds
        taken += budget.take(now)
        assert taken <= per_minute * (1 + (now - 1000.0) / 60) + 1e-6


def test_a_budget_fills_again() -> None:
    budget = Budget(2)
    assert [budget.take(0.0) for _ in range(3)] == [True, True, False]
    assert [budget.take(30.0), budget.take(30.0)] == [True, False]


def test_after_a_cut_the_place_is_left_alone_for_the_window() -> None:
    residue = Residue(180)
    assert residue.enter(PLACE, 0.0)
    assert not residue.enter(PLACE, 1.0), "another test is there"
    residue.leave(PLACE, "twitter.com", 2.0, cut=True)
    assert not residue.enter(PLACE, 181.0)
    assert residue.enter(("192.0.2.1", 80), 3.0), "another port is another place"
    assert residue.enter(PLACE, 182.0)
    residue.leave(PLACE, "twitter.com", 183.0, cut=False)
    assert residue.enter(PLACE, 183.0)


def test_after_a_dns_over_https_name_it_is_twice_as_long() -> None:
    residue = Residue(180)
    for name, until in (("dns.google", 360.0), ("mozilla.cloudflare-dns.com", 720.0)):
        now = until - 360
        assert residue.enter(PLACE, now)
        residue.leave(PLACE, name, now, cut=True)
        assert not residue.enter(PLACE, until - 1)


def test_without_a_window_there_is_no_restraint() -> None:
    residue = Residue(0)
    assert [residue.enter(PLACE, 0.0) for _ in range(2)] == [True, True]


def test_what_is_kept_is_bounded() -> None:
    residue = Residue(180)
    for port in range(MOST_PLACES + 10):
        residue.enter(("192.0.2.1", port), 0.0)
    assert residue.enter(("192.0.2.1", 0), 0.0), "the oldest are forgotten"
