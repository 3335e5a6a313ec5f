from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from probe.judge.control import Reference
from probe.judge.evidence import Finding, find
from probe.judge.health import Condition, Health
from probe.judge.hypothesis.episode import (
    Run,
    authored,
    footings,
    main_category,
    onset,
    span,
    through,
    usable,
)
from probe.judge.reading import read
from probe.judge.row import Category
from probe.model import Author, Vantage
from probe.model import Health as Said
from tests.judge import worlds as w
from tests.judge.hypothesis.made import MAKERS, runs
from tests.judge.hypothesis.signature import signature, since

ONE, TWO, THREE = (next(v for v in w.ROSTER if v.asn == asn) for asn in (47330, 47331, 3320))
VIEW = w.view(w.World(), 25.0, [])


def finding(maker: w.Maker, at: float, vantage: Vantage = ONE) -> Finding:
    case = w.Case(vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=at))
    return find(read(w.measurement(case, maker(case))), Reference())


def history(letters: str, vantage: Vantage = ONE, first: float = 1.0) -> list[Finding]:
    return [finding(MAKERS[c], first + 5 * i, vantage) for i, c in enumerate(letters)]


def run(letters: str, vantage: Vantage = ONE, first: float = 1.0) -> Run:
    (one,) = runs([history(letters, vantage, first)[::-1]], {}, VIEW)
    return one


@pytest.mark.parametrize(
    ("letters", "streak"),
    [
        ("ooooo", 0),
        ("oooox", 1),
        ("oooxx", 2),
        ("oooxo", 0),
        ("ooxxo", 2),
        ("oxxoo", 0),
        ("xxxxx", 5),
        ("xoxox", 5),
        ("xooox", 1),
    ],
)
def test_a_streak_is_mostly_failing_and_began_with_a_failure(letters: str, streak: int) -> None:
    failing = run(letters)
    assert failing.failing is (streak > 0)
    if streak:
        assert failing.start == w.START + timedelta(
            seconds=1 + 5 * letters.index("x", 0 if letters[0] == "x" and streak == 5 else 1)
        )


def test_an_old_sight_says_nothing_of_now() -> None:
    assert runs([history("xx", first=-10.0)[::-1]], {}, VIEW) == ()


def test_a_good_answer_from_before_the_failure_is_no_control() -> None:
    good = run("ooooo", THREE)
    begun = w.START + timedelta(seconds=15)
    assert [f.sight.at >= begun for f in since(good, begun)] == [True, True]
    assert through(good, begun)
    assert not through(run("ooo", THREE), w.START + timedelta(seconds=14))


def test_server_errors_are_a_way_through_and_resets_are_not() -> None:
    assert through(run("sssss", THREE), w.START)
    assert not through(run("xxxxx", THREE), w.START)


def test_the_onset_is_when_the_second_network_joined() -> None:
    early, late = run("xxxxx"), run("oooxx", TWO)
    assert onset([early]) == early.start
    assert onset([early, late]) == late.start
    assert onset([run("ooooo")]) is None


def test_equal_countries_have_equal_signatures_whatever_their_numbers() -> None:
    here, asns = signature([run("ooxxx"), run("ooooo", TWO)], None)
    there, _ = signature([run("ooxxx", TWO), run("ooooo", THREE)], None)
    assert here == there
    assert set(asns) == {47330, 47331}


def test_a_sign_of_filtering_that_is_seen_everywhere_is_discounted() -> None:
    (alone,), _ = signature([run("xxxxx")], None)
    (common,), _ = signature([run("xxxxx")], None, alike=1.0)
    assert dict(alone.bonus)["filtering"] == 3.9
    assert "filtering" not in dict(common.bonus)


def test_the_main_category_is_what_most_show() -> None:
    assert (
        main_category([run("xxxxx"), run("ttttt", TWO), run("xxxxx", THREE)]) is Category.TLS_RESET
    )
    assert main_category([run("ooooo")]) is None


def test_rounds_are_the_span_of_the_failing_sights() -> None:
    assert span([run("oooox")], timedelta(seconds=5)) == 1
    assert span([run("oooxx")], timedelta(seconds=5)) == 2
    assert span([run("ooooo")], timedelta(seconds=5)) == 0


def test_who_wrote_it() -> None:
    assert authored(run("xxxxx"), Author.NETWORK)
    assert not authored(run("ttttt"), Author.NETWORK)
    assert not authored(run("ooooo"), Author.SERVER)


def test_an_unwell_vantages_sights_are_not_weighed() -> None:
    sick = {ONE.id: Health(vantage=ONE, condition=Condition.BROKEN)}
    series = [history("xxxxx")[::-1]]
    assert runs(series, footings(sick, VIEW), VIEW) == ()
    assert runs(series, {}, VIEW)


def test_a_sight_that_is_not_about_the_endpoint_or_of_an_unwell_hour_is_not_usable() -> None:
    assert usable(finding(w.sni_reset, 20.0))
    spoilt = msgspec.structs.replace(
        finding(w.sni_reset, 20.0).sight, health=Said(reason="resolver")
    )
    assert not usable(find(spoilt, Reference()))


def test_whole_answers_alone_are_calm() -> None:
    assert run("ooooo").calm
    assert not run("oxooo").calm
