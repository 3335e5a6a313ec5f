"""Every cause and state has its word, and no belief is ever certainty."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model import Author, Cause, Scope, State
from probe.web import words


def test_every_cause_state_scope_and_author_has_its_words() -> None:
    assert set(words.CAUSES) == set(words.CELLS) == set(Cause)
    assert set(words.STATES) == set(State)
    assert set(words.SCOPES) == set(Scope)
    assert set(words.AUTHORS) == set(Author)


def test_the_legend_explains_every_look_with_the_word_of_the_cells() -> None:
    shown = {look: word for look, (word, _) in words.MEANINGS.items()}
    assert shown == {
        **{str(cause): word for cause, word in words.CELLS.items()},
        "insufficient": words.INSUFFICIENT,
        "none": words.NO_DATA,
    }


@given(st.floats(0, 1))
def test_a_belief_is_never_certainty(share: float) -> None:
    number = words.percent(share).replace(words.NO_BREAK, " ").removesuffix(" %")
    assert number in {"> 99", "< 1"} or 1 <= int(number) <= 99


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (86400, "1 day"),
    ],
)
def test_lengths_of_time_in_their_largest_unit(seconds: int, said: str) -> None:
    assert words.lasting(timedelta(seconds=seconds)) == said


def test_a_sentence_stands_alone() -> None:
    assert words.sentence("the service answers") == "The service answers."
    assert words.sentence("It fails.") == "It fails."
