"""What arrives: each seat once a round, in order, the same under one seed, late from behind a cut."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import chain, pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.memory import Word, word
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.view import Memory
from probe.lab.scenario import Cohort, Noise, Scenario
from probe.lab.simulated.play import measurements
from probe.lab.simulated.presented import EPOCH, moment
from probe.lab.simulated.stream import LONG_AGO, WIDE, Arrival, Row, Stream
from probe.lab.simulated.template import Hearsay
from probe.model import CONTROL, Measurement, Reach
from tests.lab.simulated.worlds import event, scenario, seat

BUSY = Noise(lone=0.05, bursts=40)
SEATS = 5 * (3 + 5)


def arrived(told: Scenario, begin: float, end: float, seed: int = 0) -> list[Arrival[Measurement]]:
    return list(Stream(told, seed).arrivals(begin, end))


def at(measurement: Measurement) -> float:
    return (measurement.at - EPOCH).total_seconds()


def test_each_seat_is_measured_once_a_round_at_its_own_phase() -> None:
    seen = [m for _, _, m in arrived(scenario(), 0, 660) if at(m) < 600]
    times: dict[tuple[str, str], list[float]] = {}
    for made in seen:
        times.setdefault((made.vantage.id, made.target.endpoint), []).append(at(made))
    assert len(times) == SEATS
    for own in times.values():
        assert [round(b - a, 3) for a, b in pairwise(own)] == [60.0] * 9


def test_ids_are_unique_short_and_in_order_of_time() -> None:
    seen = [m for _, _, m in arrived(scenario(noise=BUSY), -600, 1200)]
    names = [m.id for m in sorted(seen, key=lambda m: m.at)]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 16


def test_arrivals_come_in_order_after_the_measurement_ended() -> None:
    told = scenario(event("ip.nullroute", at=100, until=400), noise=BUSY)
    seen = arrived(told, 0, 900)
    times = [when for when, _, _ in seen]
    assert times == sorted(times)
    assert all(when > at(m) + m.took for when, _, m in seen)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    told = scenario(event("tls.sni_rst", at=60, share=0.5, countries=("TR",)), noise=BUSY)
    one, two = (
        msgspec.json.encode(tuple(measurements(told, seed, begin=0, end=120))) for _ in range(2)
    )
    assert one == two


def test_another_seed_gives_other_bytes() -> None:
    one, two = (
        msgspec.json.encode(tuple(measurements(scenario(), seed, begin=0, end=180)))
        for seed in (1, 2)
    )
    assert one != two


def test_parts_of_one_world_share_its_troubled_networks_and_no_other_chance() -> None:
    told = scenario(noise=Noise(lone=0.0, bursts=200.0, share=1.0))
    one, other = (
        [m for _, _, m in Stream(told, 5, lane=lane).arrivals(0, 1800)] for lane in (0, 1)
    )
    failed = [{m.id for m in held if not read(m).met} for held in (one, other)]
    assert failed[0] == failed[1] != set()
    assert {m.id: m for m in one} != {m.id: m for m in other}


def test_a_round_does_not_depend_on_where_one_begins() -> None:
    told = scenario(event("tls.sni_rst", at=200, share=0.5), noise=BUSY)

    def late(begin: float) -> dict[str, tuple[object, ...]]:
        found = (m for _, _, m in arrived(told, begin, 900))
        return {m.id: m.observations for m in found if 600 <= at(m) < 780}

    assert late(0) == late(540)


def test_a_partial_event_hits_its_share_of_flows() -> None:
    told = scenario(event("tls.sni_rst", share=0.3, networks=(47331,)))
    seen = [m for _, _, m in arrived(told, 0, 9000) if m.vantage.asn == 47331]
    mine = [m for m in seen if m.target.service == "chirp"]
    hit = sum(any(s.failure for s in m.observations if s.test is None) for m in mine)
    assert 0.23 < hit / len(mine) < 0.37


def silent(told: Scenario, vantage: str, begin: float, end: float) -> set[float]:
    """Times of arrival of what a vantage measured in between."""
    seen = arrived(told, begin, float(told.length))
    return {when for when, _, m in seen if m.vantage.id == vantage and begin <= at(m) < end}


def test_results_from_behind_a_cut_arrive_when_it_ends_with_their_own_time() -> None:
    told = scenario(event("ip.shutdown_bgp", services=(), countries=("TR",), at=120, until=600))
    here = silent(told, "tr-as47331-1", 120, 540)
    assert here
    assert all(600 <= when < 610 for when in here)
    assert all(when < 560 for when in silent(told, "gb-as2856-1", 120, 540))


def test_results_from_behind_a_cut_without_end_never_arrive() -> None:
    told = scenario(event("ip.shutdown_stealth", services=(), countries=("TR",), at=120))
    assert silent(told, "tr-as47331-1", 120, 1200) == set()


def test_a_killed_agent_measures_nothing() -> None:
    told = scenario(event("local.agent_killed", services=(), vantages=("gb-as2856-1",), until=600))
    assert silent(told, "gb-as2856-1", 0, 600) == set()
    assert silent(told, "gb-as2856-1", 600, 1100)


def test_what_stands_at_home_lives_on_behind_a_stealthy_cut_and_health_says_so() -> None:
    told = scenario(event("ip.shutdown_stealth", services=(), countries=("TR",), until=600))
    seen = [m for _, _, m in arrived(told, 0, 700) if m.vantage.country == "TR" and at(m) < 600]
    ok: Counter[str] = Counter()
    for made in seen:
        if made.target.service == CONTROL and not any(s.failure for s in made.observations):
            ok[made.target.feature] += 1
    assert ok[Reach.DOMESTIC] > 0
    assert ok[Reach.FOREIGN] == 0
    last = max(seen, key=lambda m: m.at).health
    assert (last.foreign.ok, last.foreign.of, last.domestic.ok) == (0, 3, 2)


def test_software_of_a_cohort_is_in_its_measurements() -> None:
    told = scenario(cohorts=(Cohort(id="new", share=0.4, software="worksforwhom 9"),))
    seen = {m.vantage.id: m.software for _, _, m in arrived(told, 0, 120)}
    assert Counter(seen.values())["worksforwhom 9"] == 2


def test_a_stretch_begins_at_its_mark_and_not_with_the_round() -> None:
    told = scenario(event("tls.sni_rst", at=90))
    for _, _, made in arrived(told, 0, 240):
        if made.target.service == "chirp":
            assert any(s.failure for s in made.observations) is (at(made) >= 90)


def test_the_story_begins_at_its_epoch() -> None:
    first = next(iter(measurements(scenario(), begin=0, end=60)))
    assert EPOCH <= first.at < EPOCH + timedelta(seconds=60)


def fields(kind: type[msgspec.Struct], held: object) -> dict[str, object]:
    return {field.name: getattr(held, field.name) for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(
    "mechanism",
    ["tls.sni_rst", "dns.injection.bogon", "server.certificate_expired",
     "local.resolver_broken",
     "throttle.sni_policing", "ip.nullroute"],
)  # fmt: skip
def test_what_is_shown_is_what_is_read_of_what_arrives(mechanism: str) -> None:
    told = scenario(event(mechanism, at=100, until=400, share=0.7), noise=BUSY)
    shown = chain.from_iterable(Stream(told, 3).shown(-60, 600))
    pairs = zip(Stream(told, 3).arrivals(-60, 600), shown, strict=True)
    for (when, name, made), (as_well, alike, (sight, said)) in pairs:
        assert (when, name) == (as_well, alike)
        assert fields(Sight, sight) == fields(Sight, read(made))
        [own] = Hearsay().telling([(sight, said)], Memory())
        assert fields(Word, own) == fields(Word, word(made))


def test_what_arrives_in_a_round_comes_together_and_in_order() -> None:
    told = scenario(event("ip.shutdown_bgp", services=(), countries=("TR",), at=90, until=300))
    rounds = list(Stream(told, 3).made(-60, 600))
    assert len(rounds) == 11
    assert [*chain.from_iterable(rounds)] == arrived(told, -60, 600, 3)
    for number, held in enumerate(rounds):
        assert all(60 * (number - 1) < when <= 60 * number for when, _, _ in held)


@given(st.floats(0, 60, exclude_max=True), st.integers(-10, 10_000))
def test_a_rows_time_of_day_is_its_storys_second(offset: float, number: int) -> None:
    row = Row(seat(scenario()), offset)
    off = moment(number * 60.0) + row.since - moment(number * 60.0 + offset)
    assert abs(off) <= timedelta(microseconds=1)


@given(st.floats(-1e6, 1e9))
def test_a_name_is_eleven_hexadecimal_digits_of_milliseconds(at: float) -> None:
    number = int((at + LONG_AGO) * 1000)
    assert hex(number | WIDE)[3:] == f"{number:011x}"
