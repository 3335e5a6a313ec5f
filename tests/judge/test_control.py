from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.control import (
    SEVERAL,
    SLOW_RATIO,
    Reference,
    abroad,
    answered_abroad,
    genuine,
    late,
    proven_abroad,
    reference,
    same_page_here_alone,
    shown_abroad,
    slow,
)
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.told import Told
from probe.model import Expectation
from tests.judge import worlds as w


def case(country: str, service: str = "chirp", feature: str = "web") -> w.Case:
    vantage = next(v for v in w.ROSTER if v.country == country)
    return w.Case(vantage, service, feature, f"{service}-{feature}", w.START)


def see(country: str, maker: w.Maker) -> Sight:
    return read(w.measurement(case(country), maker(case(country))))


def among(*sights: Sight, own: float = 0.0) -> Reference:
    held = late([[sight] for sight in sights], lambda _: own)
    return reference(Told(sights), late=held)


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


def test_a_certificate_is_shown_abroad_where_another_country_is_shown_it() -> None:
    known = among(see("DE", w.expired), see("TR", w.expired))
    assert shown_abroad(known, "TR", see("TR", w.expired).leaf)
    assert not shown_abroad(among(see("TR", w.expired)), "TR", see("TR", w.expired).leaf)
    assert not shown_abroad(known, "TR", "other")


def test_slow_is_far_above_other_countries_and_above_ones_own_controls() -> None:
    behind = see("TR", w.delayed)
    assert slow(behind, among(behind, see("DE", w.ok), see("US", w.ok)))
    assert not slow(see("TR", w.ok), among(see("DE", w.ok)))
    assert not slow(behind, Reference())
    assert not slow(behind, among(behind, see("DE", w.delayed), see("US", w.delayed)))


def test_a_slow_line_is_not_a_throttled_service() -> None:
    behind = see("TR", w.delayed)
    assert slow(behind, among(behind, see("DE", w.ok), own=behind.pace / (SLOW_RATIO + 1)))
    assert not slow(behind, among(behind, see("DE", w.ok), own=behind.pace / (SLOW_RATIO - 1)))


def test_only_of_what_came_late_is_it_asked_how_fast_its_own_controls_were() -> None:
    behind, asked = see("TR", w.delayed), list[Sight]()

    def own(sight: Sight) -> float:
        asked.append(sight)
        return 0.1

    assert late([[behind], [see("DE", w.ok)]], own) == {behind.id: 0.1}
    assert asked == [behind]


def notice(asn: int, country: str, digest: str, words: str) -> Sight:
    """An unexpected page over plain HTTP."""
    vantage = msgspec.structs.replace(w.ROSTER[0], id=f"{country}{asn}", country=country, asn=asn)
    of = w.Case(vantage, "chirp", "web", "chirp-web", w.START)
    page = w.http(of, of.address, 200, Expectation.MISSING, scheme="http", title="Notice")
    page = msgspec.structs.replace(page, digest=digest, simhash=words)
    return read(w.measurement(of, (w.dns(of, of.address), w.tcp(of, of.address), page)))


def test_a_notice_that_tells_another_date_on_each_network_is_one_page() -> None:
    here = [notice(1, "TR", "a", "00ff00ff00ff00ff"), notice(2, "TR", "b", "00ff00ff00ff00fe")]
    known = among(*here)
    assert same_page_here_alone(known, "TR", "a")
    assert same_page_here_alone(known, "TR", "b")
    abroad = notice(3, "DE", "c", "00ff00ff00ff00f0")
    assert not same_page_here_alone(among(*here, abroad), "TR", "a")


def test_pages_of_other_words_are_not_one() -> None:
    known = among(notice(1, "TR", "a", "00ff00ff00ff00ff"), notice(2, "TR", "b", "f" * 16))
    assert not same_page_here_alone(known, "TR", "a")
    wordless = among(notice(1, "TR", "a", ""), notice(2, "TR", "b", ""))
    assert not same_page_here_alone(wordless, "TR", "a")


def test_what_is_known_of_abroad_changes_with_the_second_country_and_then_no_more() -> None:
    known = among(see("DE", w.ok), see("TR", w.mitm))
    assert known == among(see("TR", w.mitm), see("DE", w.ok))
    more = among(see("DE", w.ok), see("US", w.ok), see("TR", w.mitm))
    assert (known.met, more.met) == ("DE", SEVERAL)
    assert more != known
    assert more == among(see("DE", w.ok), see("US", w.ok), see("JP", w.ok), see("TR", w.mitm))


COUNTRIES = st.sampled_from(["DE", "JP", "TR", "US"])


@given(st.lists(st.tuples(COUNTRIES, st.booleans()), max_size=8), COUNTRIES)
def test_abroad_is_any_other_country(seen: list[tuple[str, bool]], country: str) -> None:
    known = among(*(see(where, w.ok if good else w.mitm) for where, good in seen))
    elsewhere = [good for where, good in seen if where != country]
    assert abroad(known.met, country) is any(elsewhere)
    assert proven_abroad(known, country) is any(elsewhere)
    assert answered_abroad(known, country, [ADDRESS]) is bool(elsewhere)
