"""Those who see an incident are told beside those who do not: at home, and abroad."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from probe.judge import beside
from probe.model import Author, Cause, Evidence, Incident, Standing, State, Verdict
from tests.judge import worlds as w
from tests.judge.said import SERVICES, incident
from tests.judge.worlds import World

VIEW = w.view(World(services=SERVICES), 1.0, [])
RESTRICTED = msgspec.structs.replace(
    incident(Cause.FILTERING), features=("web", "notifications"), networks=(1, 2)
)


def cell(
    leading: Cause, *, country: str = "TR", network: int = 0, feature: str = "web", struck: int = 1,
    well: int = 0,
) -> Verdict:  # fmt: skip
    return Verdict(
        service="chirp", feature=feature, country=country, network=network, at=w.START,
        leading=leading, state=State.LIKELY, confidence=0.9, support={leading: 0.9},
        vantages=struck, well=well,
    )  # fmt: skip


def told(*own: Verdict, known: Incident = RESTRICTED) -> str:
    return beside.told(known, own, VIEW)


def here(network: int, struck: int, well: int, feature: str = "web") -> Verdict:
    return cell(Cause.FILTERING, network=network, feature=feature, struck=struck, well=well)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ([here(1, 1, 2), here(2, 2, 1)], "3 of 6 probes there are affected; the others reach the service. "),
        ([here(1, 1, 1)], "1 of 2 probes there is affected; the other reaches the service. "),
        ([here(1, 2, 0), here(2, 3, 0)], ""),
        ([here(3, 1, 5)], ""),
        ([here(1, 3, 3), here(1, 6, 0, "notifications")], ""),
        ([here(1, 3, 3), here(1, 2, 4, "notifications")], "3 of 6 probes there are affected; the others reach"),
    ],
)  # fmt: skip
def test_it_is_said_how_many_of_the_probes_there_it_strikes_unless_all(
    own: Sequence[Verdict], said: str
) -> None:
    """Who sees another feature struck is struck; of networks that are not named nothing is said."""
    text = told(*own)
    assert text.startswith(said or "No other country")


def test_of_looks_of_others_it_is_not_said_how_many_probes_they_are() -> None:
    piece = Evidence(
        rule="pair.bogon", standing=Standing.SCORED, measurement="m", vantage="v",
        author=Author.NETWORK,
    )  # fmt: skip
    looked = msgspec.structs.replace(RESTRICTED, evidence=(piece,))
    assert told(here(1, 1, 2), known=looked).startswith("1 of 3 looks there is affected; ")


ABROAD = ("DE", "US", "JP")


def abroad(cause: Cause, feature: str, countries: Sequence[str] = ABROAD) -> list[Verdict]:
    return [cell(cause, country=country, feature=feature) for country in countries]


def test_who_reaches_all_of_it_elsewhere_is_counted() -> None:
    well = abroad(Cause.OK, "web") + abroad(Cause.OK, "notifications", ABROAD[:2])
    assert told(*well) == "Outside, 3 of 3 observed countries reach the service meanwhile."
    also = abroad(Cause.FILTERING, "notifications", ABROAD[2:])
    assert told(*well, *also) == "Outside, 2 of 3 observed countries reach the service meanwhile."


def test_what_fails_by_itself_elsewhere_does_not_hide_that_the_rest_is_reached() -> None:
    mixed = [*abroad(Cause.OK, "web"), *abroad(Cause.SERVICE_OUTAGE, "notifications")]
    assert told(*mixed) == (
        "Outside, 3 of 3 observed countries reach web meanwhile; 3 see notifications fail by itself."
    )
    both = ("web", "notifications", "posting")
    wider = msgspec.structs.replace(RESTRICTED, features=both)
    some = [*mixed, *abroad(Cause.DEPENDENCY_OUTAGE, "posting", ABROAD[:1])]
    assert told(*some, known=wider).endswith(
        "; 3 see notifications and posting fail by themselves."
    )


def test_where_all_of_it_fails_elsewhere_there_is_nothing_to_tell_apart() -> None:
    down = abroad(Cause.SERVICE_OUTAGE, "web", ABROAD[1:]) + abroad(Cause.OK, "web", ABROAD[:1])
    assert told(*down) == (
        "Outside, 1 of 3 observed countries reaches the service meanwhile; 2 see it fail by itself."
    )


FEW, SEVERAL, OTHERS = ("RU",), ("RU", "JP", "KZ"), ("BR", "DE", "FR", "GB", "US")


@pytest.mark.parametrize(
    ("reach", "rounds", "said"),
    [(FEW, 5, "It is reached from Russia."), (FEW, 4, ""), (SEVERAL, 5, ""), ((), 5, "")],
)
def test_where_hardly_anybody_reaches_it_it_is_said_who_does(
    reach: Sequence[str], rounds: int, said: str
) -> None:
    """Not by what they saw before it began."""
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), countries=OTHERS)
    well = [cell(Cause.OK, country=c) for c in reach]
    own = [*well, *(cell(Cause.SERVICE_OUTAGE, country=c) for c in OTHERS)]
    view = w.view(World(services=SERVICES), rounds * w.ROUND, [])
    assert beside.reached(outage, own, view) == said
    doubtful = [msgspec.structs.replace(v, state=State.INSUFFICIENT) for v in own]
    assert not beside.reached(outage, doubtful, view)
