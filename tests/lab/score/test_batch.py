"""What there is to play, longest first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab.score.batch import lots
from tests.lab.score.made import but, scenario


def test_a_scenario_is_played_under_all_its_seeds_at_one_place_longest_first() -> None:
    short = but(scenario(name="short"), length=Seconds(600))
    many = [but(scenario(name=f"long {n}"), length=Seconds(3600)) for n in range(7)]
    found = lots([short, *many], 3, (60,), 2)
    assert [lot.scenario.name for lot in found] == [*(f"long {n}" for n in range(7)), "short"]
    assert {lot.seeds for lot in found} == {(0, 1, 2)}
    assert found[0].at == (60,)


def test_of_as_long_ones_that_with_the_most_features_is_first() -> None:
    narrow = scenario(name="narrow")
    services = tuple(but(s, id=f"{s.id}{n}") for s in narrow.services for n in range(3))
    wide = but(narrow, name="wide", services=services)
    assert lots([narrow, wide], 1, (60,), 1)[0].scenario.name == "wide"


@given(count=st.integers(1, 5), seeds=st.integers(1, 12), jobs=st.integers(1, 9))
def test_few_scenarios_are_cut_so_that_every_process_has_work(
    count: int, seeds: int, jobs: int
) -> None:
    found = lots([scenario(name=str(n)) for n in range(count)], seeds, (60,), jobs)
    played = sorted((lot.scenario.name, seed) for lot in found for seed in lot.seeds)
    assert played == sorted((str(n), seed) for n in range(count) for seed in range(seeds))
    assert len(found) >= min(jobs, count * seeds)
    assert all(lot.seeds for lot in found)
