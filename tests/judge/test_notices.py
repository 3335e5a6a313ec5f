import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.control import reference
from probe.judge.notices import (
    CHALLENGES,
    LAWFUL,
    NOTICES,
    REFUSALS,
    Sign,
    barred,
    challenged,
    known_notice,
    notice_of,
    recognised,
    refused_by,
)
from probe.judge.reading import read
from probe.judge.rules import MAIN
from probe.judge.told import Told
from probe.measure.http import TOLD_HEADERS
from probe.model import DnsLookup, Expectation, Fingerprint, Header, HttpExchange
from tests.judge import worlds as w


@pytest.mark.parametrize(("name", "sign"), [(n, s) for n, signs in NOTICES for s in signs])
def test_every_sign_gives_its_notice_away_in_any_case(name: str, sign: str) -> None:
    assert known_notice(f"… {sign.upper()} …".lower()) == name


@pytest.mark.parametrize(
    "text", ["", "Just a moment...", "Sign in", "403 Forbidden", "Domain for sale"]
)
def test_an_unknown_page_is_never_a_block_page(text: str) -> None:
    assert known_notice(text) == ""


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert isinstance(known_notice(text), str)


def test_signs_are_lower_case_and_names_unique() -> None:
    assert all(sign == sign.lower() for _, signs in NOTICES for sign in signs)
    assert len({name for name, _ in NOTICES}) == len(NOTICES)


def front(
    title: str = "", status: int = 403, headers: tuple[tuple[str, str], ...] = ()
) -> HttpExchange:
    sent = tuple(Header(name=name, value=value) for name, value in headers)
    return HttpExchange(
        at=w.START, took=0.1, url="https://a.example/", address="203.0.113.1", status=status,
        title=title, headers=sent,
    )  # fmt: skip


def shown(sign: Sign) -> HttpExchange:
    headers = ((sign.header.title(), f"x {sign.value.upper()} y"),) if sign.header else ()
    return front(sign.title.upper(), sign.status[0] if sign.status else 403, headers)


@pytest.mark.parametrize("sign", CHALLENGES, ids=str)
def test_a_challenge_is_seen_for_what_it_is(sign: Sign) -> None:
    assert challenged(shown(sign))
    assert not refused_by(shown(sign))


@pytest.mark.parametrize("sign", REFUSALS, ids=str)
def test_a_refusal_is_its_front_s(sign: Sign) -> None:
    assert refused_by(shown(sign)) == sign.front
    assert not challenged(shown(sign))


@pytest.mark.parametrize("words", LAWFUL)
def test_a_page_that_speaks_of_a_country_or_a_law_is_known_by_its_words(words: str) -> None:
    assert words == words.lower()
    assert barred(front(f"Sorry, {words.upper()}.", 200))
    assert barred(msgspec.structs.replace(front("Sorry"), matched=words))


PLAIN = (("Now available", "country"), ("Not available", "plan"), ("What is on", "area"))


def test_no_other_refusal_speaks_of_a_country() -> None:
    assert not any(map(barred, (front("Access Denied"), front("Unavailable", 503))))
    assert not any(barred(front(f"{said} in your {what}", 200)) for said, what in PLAIN)
    assert not any(
        barred(shown(sign)) for sign in (*CHALLENGES, *REFUSALS) if "1009" not in sign.title
    )


@pytest.mark.parametrize("sign", [*CHALLENGES, *REFUSALS], ids=str)
def test_each_sign_can_be_seen(sign: Sign) -> None:
    assert sign.title or sign.header
    assert sign.title == sign.title.lower()
    assert not sign.value or sign.header in TOLD_HEADERS


@pytest.mark.parametrize(
    "page",
    [
        front("Access Denied"),
        front("403 Forbidden", headers=(("Server", "nginx"),)),
        front("A title", 200, (("X-Iinfo", ""), ("X-DataDome", ""))),
        front("Access denied", headers=(("Server", "nginx"),)),
    ],
)
def test_an_ordinary_page_is_neither(page: HttpExchange) -> None:
    assert not challenged(page)
    assert not refused_by(page)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (None, ""),
        (Fingerprint("a", "nat"), "a"),
        (Fingerprint("a", "isp", ("TR", "AZ")), "a"),
        (Fingerprint("a", "isp", ("RU",)), ""),
        (Fingerprint("a", "prod"), ""),
        (Fingerprint("a", "prod", ("TR",)), "a"),
        (Fingerprint("a", "inst", ("TR",)), ""),
        (Fingerprint("a", "vbw", ("TR",)), ""),
        (Fingerprint("a"), ""),
    ],
)
def test_only_a_notice_of_the_network_here_is_one(found: Fingerprint | None, name: str) -> None:
    assert recognised(found, "TR") == name
    page = msgspec.structs.replace(front("Notice"), url="http://a.example/", fingerprint=found)
    assert notice_of((), (), (page,), "TR") == (name, False)
    lookup = DnsLookup(at=w.START, took=0.1, name="a.example", fingerprint=found)
    assert notice_of((lookup,), (), (), "TR") == (name, False)


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (Fingerprint("ooni.tr_0", "nat", ("TR",)), "http.notice"),
        (Fingerprint("ooni.ru_0", "nat", ("RU",)), "http.unknown_page"),
        (Fingerprint("cp.f_gen_blocked", "vbw"), "http.unknown_page"),
        (None, "http.unknown_page"),
    ],
)
def test_an_unmatched_page_is_unknown_and_no_block_page(
    found: Fingerprint | None, row: str
) -> None:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
    page = w.http(case, case.address, 200, Expectation.MISSING, scheme="http", title="Hello")
    page = msgspec.structs.replace(page, fingerprint=found)
    steps = (w.dns(case, case.address), w.tcp(case, case.address), page)
    sight = read(w.measurement(case, steps))
    assert next(one.id for one in MAIN if one.condition(sight, reference(Told([sight])))) == row
