"""The resolver that really answers is known by its network, and by no more than that."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from probe.agent.whoami import WITHIN_SECONDS, ask, network
from probe.model import DnsLookup, Endpoint, Failure, Observation
from tests.measure.world import World, opened

NAME = "whoami.example"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def lookup(*answers: str, failure: str = "") -> DnsLookup:
    failed = Failure(name=failure) if failure else None
    return DnsLookup(at=AT, took=0.1, name=NAME, answers=answers, failure=failed)


class Resolver:
    """Answers with what a test says, and knows what it was asked."""

    def __init__(self, *answers: Sequence[Observation]) -> None:
        self._answers, self.asked = list(answers), list[tuple[str, float]]()

    async def look(self, endpoint: Endpoint, within: float) -> Sequence[Observation]:
        self.asked.append((endpoint.url, within))
        return self._answers.pop(0)


async def heard(name: str, *answers: Sequence[Observation]) -> list[str]:
    told: list[str] = []
    resolver = Resolver(*answers)
    for _ in answers:
        await ask(name, resolver.look, told.append)
    assert resolver.asked == [(f"dns:{NAME}", WITHIN_SECONDS)] * (len(answers) if name else 0)
    return told


async def test_the_network_of_whoever_asked_is_told_and_no_answer_changes_nothing() -> None:
    answers: tuple[list[Observation], ...] = (
        [lookup("203.0.113.77")],
        [lookup("9.9.9.9")],
        [lookup(failure="x")],
        [],
    )
    assert await heard(NAME, *answers) == ["9.9.0.0/16"]
    assert await heard(NAME, [lookup("2620:fe::12:34")]) == ["2620:fe::/32"]


async def test_without_a_name_nobody_is_asked_and_nothing_known() -> None:
    assert await heard("", [lookup("9.9.9.9")]) == [""]


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "::1", "fe80::1", "no address", ""]
)
def test_what_is_nobodys_network_is_not_told(address: str) -> None:
    assert network([lookup(address)]) == ""


@given(st.ip_addresses())
def test_never_more_than_an_operators_part_of_an_address_is_told(
    address: IPv4Address | IPv6Address,
) -> None:
    told = network([lookup(str(address))])
    if told:
        found = ip_network(told)
        assert ip_address(str(address)) in found
        assert found.prefixlen == {4: 16, 6: 32}[address.version]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(trustme.CA(), tmp_path) as made:
        yield made


async def test_a_real_resolver_is_asked(world: World) -> None:
    asked = await world.names("1.1.1.9")

    async def look(endpoint: Endpoint, _within: float) -> Sequence[Observation]:
        return await world.measure(endpoint.url)

    told: list[str] = []
    await ask(NAME, look, told.append)
    assert asked.asked == [f"{NAME}. IN A"]
    assert told == ["1.1.0.0/16"]
