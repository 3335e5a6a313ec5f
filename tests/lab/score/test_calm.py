"""The made world: as large as asked for, and split without losing a service."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.lab.score.calm import World, parts
from probe.lab.sound import problems

WORLDS = st.builds(
    World,
    services=st.integers(1, 25),
    countries=st.integers(1, 249),
    networks=st.integers(1, 4),
    rounds=st.integers(1, 20000),
)


@given(WORLDS, st.integers(0, 30))
def test_the_parts_have_all_services_once_and_all_networks_each(world: World, count: int) -> None:
    held = parts(world, count)
    services = [service.id for part in held for service in part.services]
    assert len(held) <= max(1, count)
    assert len(services) == len(set(services)) == world.services
    for part in held:
        assert {n.asn for n in part.networks} == {n.asn for n in held[0].networks}
        assert len({n.asn for n in part.networks}) == world.countries * world.networks
        assert len({n.country for n in part.networks}) == world.countries
        assert float(part.length) == 60 * world.rounds
        assert not part.expected
        assert not part.timeline


def test_its_parts_are_sound_scenarios() -> None:
    assert [p for part in parts(World(), 3) for p in problems(part)] == []


def test_the_usual_one_has_a_thousand_series() -> None:
    assert World().series == 1000
    assert World().rounds == 10_080
