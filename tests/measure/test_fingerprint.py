"""Pages and addresses held against lists of known notices."""

from collections.abc import Sequence
from pathlib import Path
from time import process_time

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.fingerprint import Pattern, Piece, load
from probe.measure.fingerprint import SCANNED, Fingerprints
from probe.model import DnsLookup, Fingerprint, HttpExchange
from tests.measure.world import World, page, records

SHARED = Path(__file__).parents[3] / "shared" / "fingerprints"
needs_lists = pytest.mark.skipif(not SHARED.is_dir(), reason="the lists are in ../shared")
HTML = [("Content-Type", "text/html")]


def pattern(
    name: str, *texts: bytes, place: str = "body", kind: str = "contains", scope: str = "nat"
) -> Pattern:
    return Pattern(place, kind, tuple((text,) for text in texts), Fingerprint(name, scope))


def named(body: bytes, *patterns: Pattern, headers: list[tuple[str, str]] = HTML) -> str:
    found = Fingerprints(patterns).of_page(headers, body, "digest")
    return found.name if found else ""


def test_a_text_in_the_body() -> None:
    held = pattern("a", b"blocked by order")
    assert named(b"<p>This site is blocked by order of", held) == "a"
    assert named(b"<p>This site is blocked", held) == ""


def test_pieces_come_in_their_order() -> None:
    held = pattern("a", b"<title>Notice", b"order of")
    assert named(b"<title>Notice</title> by order of", held) == "a"
    assert named(b"by order of <title>Notice</title>", held) == ""


def test_one_byte_of_any_kind() -> None:
    piece: Piece = (b"don", b"t have permission")
    held = Pattern("body", "contains", (piece,), Fingerprint("a", "isp"))
    assert named(b"you don't don`t have permission", held) == "a"
    assert named(b"you dont have permission", held) == ""


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("full", b" the page \n", "a"),
        ("full", b"the page and more", ""),
        ("prefix", b"the page and more", "a"),
        ("prefix", b"it is the page", ""),
    ],
)
def test_whole_pages_and_their_beginnings(kind: str, body: bytes, name: str) -> None:
    assert named(body, pattern("a", b"the page", kind=kind)) == name


def test_headers() -> None:
    held = pattern("a", b"http://notice.example", place="header.location", kind="prefix")
    assert named(b"", held, headers=[("Location", "http://notice.example/x")]) == "a"
    assert named(b"", held, headers=[("Server", "http://notice.example/x")]) == ""
    line = pattern("b", b"Server: Filter", place="page")
    assert named(b"x", line, headers=[("Server", "Filter/2.1")]) == "b"


def test_a_page_seen_before_is_known_though_its_date_is_another() -> None:
    lists = Fingerprints([pattern("a", b"blocked by order")])
    first = lists.of_page([*HTML, ("Date", "one")], b"blocked by order", "digest")
    assert first
    assert lists.of_page([*HTML, ("Date", "two")], b"", "digest") is first
    assert lists.of_page([("Server", "x")], b"", "digest") is None


def test_false_positives_come_first() -> None:
    notice = pattern("a", b"Access denied")
    known = pattern("nginx", b"Welcome to nginx", scope="fp")
    assert named(b"Access denied. Welcome to nginx", notice, known) == ""
    assert named(b"Access denied.", notice, known) == "a"


def test_the_surest_of_several_is_told() -> None:
    held = [pattern("z", b"blocked page", scope="vbw"), pattern("b", b"is blocked", scope="isp")]
    assert named(b"it is blocked page", *held) == "b"


def test_a_page_in_another_charset() -> None:
    held = pattern("ru", "Доступ ограничен".encode())
    body = "<p>Доступ ограничен</p>".encode("cp1251")
    assert named(body, held, headers=[("Content-Type", "text/html; charset=windows-1251")]) == "ru"


def test_only_the_begin_of_a_long_page_is_looked_at() -> None:
    held = pattern("a", b"blocked by order")
    assert named(b" " * (SCANNED - 100) + b"blocked by order", held) == "a"
    assert named(b" " * SCANNED + b"blocked by order", held) == ""


def test_addresses() -> None:
    lists = Fingerprints([pattern("a", b"192.0.2.1", place="dns", kind="full")])
    assert lists.of_answers(["198.51.100.1", "192.0.2.1"]) == Fingerprint("a", "nat")
    assert lists.of_answers(["192.0.2.10"]) is None
    assert Fingerprints().of_answers(["192.0.2.1"]) is None


@given(st.binary(max_size=600), st.lists(st.binary(min_size=1, max_size=9), max_size=6))
def test_looking_up_finds_what_looking_at_each_would(body: bytes, texts: list[bytes]) -> None:
    lists = Fingerprints([pattern(str(number), text) for number, text in enumerate(texts)])
    found = lists.of_page([], body, "")
    expected = [str(number) for number, text in enumerate(texts) if text in body]
    assert (found.name if found else "") == min(expected, default="")


async def test_a_page_over_plain_http_is_named_in_the_record(world: World, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(
        '{"fingerprint":"c_isp_xx","pattern":"blocked by order"}\n'
        '{"fingerprint":"c_isp_secure","pattern":"signed words"}\n{'
    )
    world.set(fingerprints=(str(file),))
    await world.names("127.0.0.1")
    port = await world.server(page("<p>This site is blocked by order of a court</p>"))
    plain = (await world.measure(f"http://site.test:{port}/"))[-1]
    port = await world.tls(page("signed words"))
    secure = (await world.measure(f"https://site.test:{port}/"))[-1]
    assert isinstance(plain, HttpExchange)
    assert isinstance(secure, HttpExchange)
    assert plain.fingerprint == Fingerprint("cp.c_isp_xx", "isp")
    assert (secure.simhash, secure.fingerprint) == ("", None)


async def test_the_address_of_a_notice_is_named_in_the_record(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "name,scope,location_found,pattern_type,pattern,expected_countries\n"
        "ooni.xx,nat,dns,full,127.0.0.4,XX\n"
    )
    world.set(fingerprints=(str(file),))
    await world.names("127.0.0.4")
    lookups = [s for s in await world.measure("dns:site.test") if isinstance(s, DnsLookup)]
    assert lookups[0].fingerprint == Fingerprint("ooni.xx", "nat", ("XX",))


async def test_the_name_that_leads_to_a_notice_is_named_in_the_record(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "name,scope,location_found,pattern_type,pattern,expected_countries\n"
        "ooni.xx,isp,dns,full,notice.example,XX\n"
    )
    world.set(fingerprints=(str(file),))

    def forged(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        made = records(query, "127.0.0.4")
        name = made.question[0].name
        made.answer.insert(0, dns.rrset.from_text(name, 60, "IN", "CNAME", "Notice.Example."))
        return [made.to_wire()]

    await world.resolver(forged)
    (seen,) = await world.measure("dns:site.test")
    assert isinstance(seen, DnsLookup)
    assert seen.fingerprint == Fingerprint("ooni.xx", "isp", ("XX",))


async def test_a_page_s_words_are_in_the_record_where_others_are_compared(world: World) -> None:
    await world.names("127.0.0.1")
    words = "one two three four five six seven eight nine ten"
    ports = await world.server(page(words)), await world.tls(page(words))
    plain = (await world.measure(f"http://site.test:{ports[0]}/"))[-1]
    met = (await world.measure(f"https://site.test:{ports[1]}/"))[-1]
    odd = (await world.measure(f"https://site.test:{ports[1]}/", expect="eleven"))[-1]
    for seen in (plain, met, odd):
        assert isinstance(seen, HttpExchange)
        assert (len(seen.simhash) == 16) is (seen is not met)


@needs_lists
def test_the_published_lists_know_a_notice_and_not_an_ordinary_page() -> None:
    files = [*SHARED.glob("ooni/*.csv"), *SHARED.glob("censoredplanet/*signatures.assets.json")]
    lists = Fingerprints(load(map(str, files)).patterns)
    notice = lists.of_page(HTML, b"<h1>Blocked by ContentKeeper</h1>", "a")
    assert notice
    assert notice.scope in {"isp", "prod"}
    assert lists.of_page(HTML, b"<title>Weather</title><p>It will rain.</p>" * 50, "b") is None
    assert lists.of_answers(["10.10.34.35"]) == Fingerprint("ooni.ir_5", "nat", ("IR",))


@needs_lists
def test_a_hostile_page_is_not_searched_for_long() -> None:
    """At every other place of such a page a piece of several patterns begins."""
    files = [*SHARED.glob("ooni/*.csv"), *SHARED.glob("censoredplanet/*signatures.assets.json")]
    lists = Fingerprints(load(map(str, files)).patterns)
    body = b"URL  Sp<title>D<title>Error (c_isp http://www. bloc" * SCANNED
    begun = process_time()
    assert lists.of_page(HTML, body, "c") is None
    assert process_time() - begun < 0.5
