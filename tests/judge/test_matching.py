"""One trouble stays one incident, though its cause is seen otherwise at its edges and its end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from probe.judge.matching import CLOSE_ROUNDS
from probe.model import Author, Cause, Scope, State, Verdict
from tests.judge import worlds as w
from tests.judge.test_incident import at, run, verdict

COUNTRIES = ("BR", "DE", "FR", "GB", "JP", "NG", "TR", "US")
LEAK, OWN = Cause.DEPENDENCY_OUTAGE, Cause.SERVICE_OUTAGE


def failing(
    cause: Cause, rounds: float, countries: Sequence[str] = COUNTRIES, begun: float = 0
) -> list[Verdict]:
    return [
        msgspec.structs.replace(
            verdict(cause, State.CONFIRMED, country=country, now=at(rounds)),
            seen=at(rounds), since=at(begun),
        )
        for country in countries
    ]  # fmt: skip


@pytest.mark.parametrize("known", [COUNTRIES, COUNTRIES[:7]])
def test_the_end_of_a_dependencys_outage_is_none_of_the_services(known: Sequence[str]) -> None:
    """Nor where a country sees it that did not before."""
    held = run((0, failing(LEAK, 0, known)), (1, failing(LEAK, 1, known)))
    (incident,) = run(*((n, failing(OWN, 1)) for n in (2, 3)), held=held)
    assert (incident.cause, incident.closed) == (LEAK, None)


def test_one_of_which_most_countries_are_others_is_another() -> None:
    held = run((0, failing(LEAK, 0, COUNTRIES[:3])), (1, failing(OWN, 1)))
    assert [i.cause for i in held] == [LEAK, OWN]


def test_what_nobody_can_name_the_dependency_of_any_more_is_the_services() -> None:
    """The same incident, under the name of what is seen now."""
    held = run((0, failing(LEAK, 0)), *((n, failing(OWN, n)) for n in range(1, CLOSE_ROUNDS)))
    assert [i.cause for i in held] == [LEAK]
    (renamed,) = run((CLOSE_ROUNDS, failing(OWN, CLOSE_ROUNDS)), held=held)
    assert (renamed.cause, renamed.opened, renamed.closed) == (OWN, w.START, None)


def test_what_is_left_of_it_in_few_of_its_countries_is_not_renamed() -> None:
    held = run((0, failing(LEAK, 0)))
    left = [(n, failing(OWN, n, COUNTRIES[:4])) for n in range(1, CLOSE_ROUNDS)]
    (incident,) = run(*left, held=held)
    (still,) = run((CLOSE_ROUNDS, failing(OWN, CLOSE_ROUNDS, COUNTRIES[:4])), held=(incident,))
    assert [i.cause for i in (incident, still)] == [LEAK, LEAK]


def test_one_that_was_confirmed_under_both_names_is_not_given_the_first_again() -> None:
    rounds = range(CLOSE_ROUNDS + 1, CLOSE_ROUNDS + 20)
    (renamed,) = run((0, failing(LEAK, 0)), (CLOSE_ROUNDS, failing(OWN, CLOSE_ROUNDS)))
    assert renamed.cause is OWN
    (incident,) = run(*((n, failing(LEAK, n)) for n in rounds), held=(renamed,))
    assert (incident.cause, incident.scope, incident.closed) == (OWN, Scope.GLOBAL, None)
    assert incident.updated == at(rounds[-1])


def border(state: State, author: Author, network: int) -> list[Verdict]:
    """A round later, of one network of a country that the outage was seen in, and of that country."""
    piece = msgspec.structs.replace(verdict().evidence[0], author=author)
    return [
        msgspec.structs.replace(
            verdict(Cause.FILTERING, state, country="TR", network=asn, now=at(1)),
            evidence=(piece,), seen=at(1),
        )
        for asn in (network, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "author", "network", "another"),
    [
        (State.LIKELY, Author.NOBODY, 47331, False),
        (State.LIKELY, Author.NETWORK, 47331, True),
        (State.CONFIRMED, Author.NOBODY, 47331, True),
        (State.LIKELY, Author.NOBODY, 9121, True),
    ],
)
def test_what_is_left_of_a_lost_route_in_one_country_is_no_filter_unless_a_hand_shows(
    state: State,
    author: Author,
    network: int,
    another: bool,  # noqa: FBT001 — a column of the table
) -> None:
    own = msgspec.structs.replace(
        verdict(LEAK, State.CONFIRMED, country="TR", network=47331), seen=at(0), since=at(0)
    )
    held = run((0, [*failing(LEAK, 0), own]))
    later = run((1, border(state, author, network)), held=held)
    assert [i.cause for i in later] == [LEAK, *([Cause.FILTERING] if another else [])]
