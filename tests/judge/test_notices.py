import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.notices import NOTICES, known_notice


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
