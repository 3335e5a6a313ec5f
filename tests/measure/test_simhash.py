"""Pages alike have digests alike, other pages have not."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.likeness import near
from probe.measure.simhash import FEWEST_WORDS, simhash

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def text(seed: int, words: int = 120) -> list[str]:
    dice = Random(seed)  # noqa: S311 — words, no secret
    return ["".join(dice.choices(LETTERS, k=dice.randint(3, 9))) for _ in range(words)]


def page(words: list[str], seen: str = "") -> bytes:
    return f"<html><p class=x>{' '.join(words)}</p> {seen}</html>".encode()


def test_the_same_notice_with_another_date_address_and_name_is_the_same() -> None:
    words = text(1)
    one = simhash(page(words, "2026-11-21 09:14 192.0.2.7 www.wikipedia.org"))
    two = simhash(page(words, "2026-11-21 09:15 198.51.100.9 api.signal.example"))
    assert near(one, two)
    assert simhash(page(words, "1")) == simhash(page(words, "2"))


def test_the_order_of_words_and_their_markup_do_not_count() -> None:
    words = text(2)
    assert simhash(page(words)) == simhash(page(words[::-1]).replace(b"class=x", b"id='other'"))


def test_other_pages_are_far_apart() -> None:
    made = [simhash(page(text(seed))) for seed in range(60)]
    assert not any(near(one, two) for n, one in enumerate(made) for two in made[n + 1 :])


def test_a_page_of_hardly_any_words_has_none() -> None:
    assert simhash(b"") == simhash(b"<html>It works!</html>") == ""
    assert simhash(page(text(3, FEWEST_WORDS)))


def test_a_huge_page_is_read_in_part() -> None:
    begin = page(text(4, 20_000))
    assert simhash(begin) == simhash(begin + b" more words of the end" * 100_000)


@given(st.binary(max_size=4000))
def test_any_bytes_have_one_or_none(body: bytes) -> None:
    found = simhash(body)
    assert found == "" or (len(found) == 16 and int(found, 16) >= 0)
