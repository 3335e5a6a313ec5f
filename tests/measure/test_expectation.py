"""What an answer is held against."""

import pytest

from probe.measure.expectation import hold
from probe.model import Endpoint, Expectation

PLAIN = Endpoint(id="e", url="https://a.example/")
FULL = Endpoint(
    id="e",
    url="https://a.example/",
    status=(200, 301),
    expect="Welcome",
    forbid=("Something went wrong", "over the daily limit"),
    min_bytes=10,
)


@pytest.mark.parametrize(
    ("endpoint", "status", "text", "expectation", "matched"),
    [
        (PLAIN, 200, "", Expectation.MET, ""),
        (PLAIN, 399, "", Expectation.MET, ""),
        (PLAIN, 400, "", Expectation.STATUS, ""),
        (PLAIN, 503, "", Expectation.STATUS, ""),
        (FULL, 200, "Welcome, friend", Expectation.MET, ""),
        (FULL, 301, "Welcome, friend", Expectation.MET, ""),
        (FULL, 204, "Welcome, friend", Expectation.STATUS, ""),
        (FULL, 200, "Go away, friend", Expectation.MISSING, ""),
        (FULL, 200, "Welcome", Expectation.SHORT, ""),
        (FULL, 200, "Welcome. Something went wrong", Expectation.FORBIDDEN, FULL.forbid[0]),
        (FULL, 403, "You are over the daily limit", Expectation.STATUS, FULL.forbid[1]),
    ],
)
def test_each_outcome(
    endpoint: Endpoint, status: int, text: str, expectation: Expectation, matched: str
) -> None:
    assert hold(endpoint, status, len(text), lambda: text) == (expectation, matched)


def test_nothing_is_decoded_where_no_text_is_looked_for() -> None:
    def dear() -> str:
        raise AssertionError

    assert hold(PLAIN, 200, 5, dear) == (Expectation.MET, "")
