"""What comes again is there again, and the room for it has an end."""

from hypothesis import given
from hypothesis import strategies as st

from probe.measure.familiar import Familiar


def test_what_was_kept_is_there() -> None:
    known: Familiar[str, tuple[str]] = Familiar(2)
    assert known.get("a") is None
    assert known.keep("a", ("b",)) == ("b",)
    assert known.get("a") == ("b",)


@given(st.lists(st.integers()), st.integers(1, 5))
def test_it_never_holds_more_than_it_may_and_has_the_newest(keys: list[int], most: int) -> None:
    known: Familiar[int, tuple[int]] = Familiar(most)
    for key in keys:
        assert (known.get(key) or known.keep(key, (key,))) == (key,)
        assert len(known) <= most
        assert known[key] == (key,)
