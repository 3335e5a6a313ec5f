"""Each list of an event narrows; what it names becomes hosts, names and addresses of the plan."""

from __future__ import annotations

import pytest

from probe.lab.kernel.internet.forge import packed
from probe.lab.kernel.internet.interference.aim import blocked_addresses, blocked_names, is_inside
from probe.lab.scenario import Event
from tests.lab.kernel.scene import BLOCKED, ORIGIN, ORIGIN_V6, PLAN


def drop(**more: object) -> Event:
    return Event(at=0, mechanism="ip.nullroute", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "inside"),
    [
        ({}, {"tr-1", "tr-2", "de-1"}),
        ({"countries": ("TR",)}, {"tr-1", "tr-2"}),
        ({"networks": (9121,)}, {"tr-1"}),
        ({"countries": ("TR",), "networks": (9121, 3320)}, {"tr-1"}),
        ({"vantages": ("de-1",)}, {"de-1"}),
    ],
)
def test_each_list_of_places_narrows(where: dict[str, object], inside: set[str]) -> None:
    found = {host.name for host in PLAN.hosts if host.vantage and is_inside(drop(**where), host)}
    assert found == inside


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ({}, ()),
        ({"services": ("example",)}, (BLOCKED,)),
        ({"services": ("example",), "features": ("web",)}, (BLOCKED,)),
        ({"features": ("web",)}, (BLOCKED,)),
        ({"names": ("A.Example.",)}, ("a.example",)),
        ({"names": ("a.example",), "services": ("example",)}, ("a.example", BLOCKED)),
    ],
)
def test_what_is_hit_is_a_list_of_names(what: dict[str, object], names: tuple[str, ...]) -> None:
    assert blocked_names(drop(**what), PLAN) == names


def test_addresses_are_those_of_the_names_and_their_subdomains() -> None:
    assert blocked_addresses(drop(names=("example.com",)), PLAN) == (
        packed(ORIGIN),
        packed(ORIGIN_V6),
    )
    assert blocked_addresses(drop(), PLAN) == ()
