"""No more tests than the budget has, and none where an earlier cut may still be at work."""

from hypothesis import given
from hypothesis import strategies as st

from probe.measure.restraint import (
    CONTROL_SECONDS,
    CUTS_BEFORE_REST,
    CUTS_BETWEEN,
    MOST_PLACES,
    Aftermath,
    Budget,
    Doubt,
    Residue,
    Rest,
)

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


URL, ALSO = "https://site.test/", "https://site.test/also"
DOUBT = Doubt("192.0.2.1", 443, "site.test", secure=True)
WINDOW = 180.0


def doubted(times: int, *, doubt: Doubt = DOUBT) -> Aftermath:
    """One whose visits, a minute apart from 0 on, were cut so often."""
    held = Aftermath(WINDOW)
    for turn in range(times):
        assert held.turn(URL, 60.0 * turn) is None
        held.note(URL, doubt, 60.0 * turn)
    return held


def test_a_doubt_that_lasts_is_left_alone_for_the_window_and_then_controlled_once() -> None:
    held = doubted(CUTS_BEFORE_REST)
    last = 60.0 * (CUTS_BEFORE_REST - 1)
    assert held.turn(URL, last + 60) == Rest()
    assert held.turn(URL, last + WINDOW - 0.1) == Rest()
    assert held.turn(URL, last + WINDOW) == DOUBT
    held.note(URL, DOUBT, last + WINDOW + 1)
    assert held.turn(URL, last + WINDOW + 2) is None


def test_while_the_control_is_made_nobody_else_says_the_name_there() -> None:
    held = doubted(CUTS_BEFORE_REST)
    held.note(ALSO, DOUBT, 200.0)
    due = 200.0 + WINDOW
    assert held.turn(URL, due) == DOUBT
    assert held.turn(ALSO, due + 1) == Rest()
    assert held.turn(ALSO, due + CONTROL_SECONDS) is None, "the control never came to its end"
    held.note(URL, DOUBT, due + 5)
    assert held.turn(ALSO, due + 6) is None


def test_after_a_dns_over_https_name_the_rest_is_twice_as_long() -> None:
    doh = Doubt("192.0.2.1", 443, "dns.google", secure=True)
    held = doubted(CUTS_BEFORE_REST, doubt=doh)
    last = 60.0 * (CUTS_BEFORE_REST - 1)
    assert held.turn(URL, last + WINDOW) == Rest()
    assert held.turn(URL, last + 2 * WINDOW) == doh


def test_a_visit_for_somebody_else_begins_the_rest_anew() -> None:
    held = doubted(CUTS_BEFORE_REST)
    held.touch(URL, 200.0)
    assert held.turn(URL, 200.0 + WINDOW - 1) == Rest()
    assert held.turn(URL, 200.0 + WINDOW) == DOUBT


def test_what_stands_at_one_address_rests_together() -> None:
    held = Aftermath(WINDOW)
    for turn in range(CUTS_BEFORE_REST):
        held.note((URL, ALSO)[turn % 2], DOUBT, float(turn))
    assert held.turn(URL, 10.0) == held.turn(ALSO, 10.0) == Rest()
    held.note(ALSO, None, 11.0)
    assert held.turn(ALSO, 11.0) is None
    assert held.turn(URL, 11.0) == Rest()


def test_a_place_that_is_well_again_is_begun_with_anew() -> None:
    held = doubted(CUTS_BEFORE_REST)
    held.note(URL, None, 500.0)
    assert held.doubted(URL) is None
    held.note(URL, DOUBT, 600.0)
    assert held.turn(URL, 700.0) is None


def test_a_block_that_lasts_is_controlled_again_only_much_later() -> None:
    held = doubted(CUTS_BEFORE_REST)
    now, controls = 1000.0, []
    for turn in range(2 * CUTS_BETWEEN):
        now += WINDOW
        if held.turn(URL, now) is not None:
            controls.append(turn)
        held.note(URL, DOUBT, now)
    assert controls == [0, CUTS_BETWEEN]


@given(st.lists(st.tuples(st.sampled_from(["turn", "cut", "well", "touch"]), st.floats(0, 400))))
def test_a_control_never_comes_within_the_window(steps: list[tuple[str, float]]) -> None:
    held, now, last, cuts, controlled = Aftermath(WINDOW), 0.0, -1000.0, 0, -1000.0
    for what, seconds in steps:
        now += seconds
        if what == "turn":
            turn = held.turn(URL, now)
            assert not isinstance(turn, Doubt) or (now - last >= WINDOW - 1e-6 and cuts >= 3)
            controlled = now if isinstance(turn, Doubt) else controlled
            busy = now - controlled < CONTROL_SECONDS + 1e-6
            assert not isinstance(turn, Rest) or now - last < WINDOW + 1e-6 or busy
        elif what == "touch":
            held.touch(URL, now)
            last = now if cuts else last
        else:
            held.note(URL, DOUBT if what == "cut" else None, now)
            last, cuts = (now, cuts + 1) if what == "cut" else (last, 0)


def test_without_a_window_nothing_ever_rests() -> None:
    held = Aftermath(0.0)
    for turn in range(9):
        held.note(URL, DOUBT, float(turn))
    assert held.turn(URL, 9.0) is None


def test_doubts_are_bounded() -> None:
    held = Aftermath(WINDOW)
    for port in range(MOST_PLACES + 1):
        held.note(f"https://site.test:{port}/", Doubt("192.0.2.1", port, "a", secure=True), 0.0)
    assert held.doubted("https://site.test:0/") is None
    assert held.doubted("https://site.test:1/") is not None
