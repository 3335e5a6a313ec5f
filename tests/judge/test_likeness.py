"""Pages are sorted by their words' digests."""

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.likeness import MOST_KINDS, NEAR, kinds, near

HEX = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")


def test_few_bits_apart_are_alike() -> None:
    assert near("0" * 16, f"{2**NEAR - 1:016x}")
    assert not near("0" * 16, f"{2 ** (NEAR + 1) - 1:016x}")


def test_what_has_no_words_is_like_none() -> None:
    assert not near("", "")
    assert not near("no digest", "no digest")
    assert not near("0" * 17, "0" * 17)
    assert kinds({"b": "", "a": ""}) == {"a": "a", "b": "b"}


def test_each_is_sorted_with_the_first_it_is_like() -> None:
    assert kinds({"c": "f" * 16, "b": f"{1:016x}", "a": "0" * 16}) == {
        "a": "a",
        "b": "a",
        "c": "c",
    }


def test_of_very_many_pages_the_later_ones_stand_alone() -> None:
    many = {f"{n:04}": f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}" for n in range(MOST_KINDS * 3)}
    assert set(kinds(many)) == set(many)


@given(HEX, HEX)
def test_likeness_is_mutual(one: str, other: str) -> None:
    assert near(one, other) == near(other, one)
    assert near(one, one)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), HEX | st.text(max_size=20)))
def test_whom_a_page_is_sorted_with_stands_for_itself(words: dict[str, str]) -> None:
    found = kinds(words)
    assert all(found[found[digest]] == found[digest] for digest in words)
