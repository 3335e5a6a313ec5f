"""What commands a terminal or turns a text is told from letters of any script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.letters import commands, tame

TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.characters())
def test_it_is_by_what_unicode_says_of_it(letter: str) -> None:
    odd = unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"}
    assert commands(letter) is (odd or unicodedata.bidirectional(letter) in TURNS)


@pytest.mark.parametrize(
    "text", ["Türk Telekom", "می\u200cخواهم", "NTT\u3000ドコモ", "שלום\u200f!"]
)
def test_no_spelling_is_touched(text: str) -> None:
    assert tame(text) == text


@given(st.text())
def test_what_is_tame_commands_nothing_and_is_as_long(text: str) -> None:
    assert not commands(tame(text))
    assert len(tame(text)) == len(text)
