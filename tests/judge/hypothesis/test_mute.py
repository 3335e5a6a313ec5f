"""A service that drops a country, and a country that drops a service, look the same to a probe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pytest

from probe.judge.hypothesis import judge
from probe.judge.hypothesis.judging import weigh
from probe.judge.hypothesis.mute import silence
from probe.judge.hypothesis.weighing import Matter
from probe.judge.tracks import Tracks
from probe.judge.view import Belief, Memory, View
from probe.model import Cause, Measurement, Observation, State
from tests.judge import worlds as w

ROUNDS = 5
HERE = [v for v in w.ROSTER if v.country == "TR"]


def view() -> View:
    return View(
        now=w.START + ROUNDS * timedelta(seconds=w.ROUND),
        round=timedelta(seconds=w.ROUND),
        services=(w.service("chirp"), w.service("other")),
        roster=w.ROSTER,
    )


def measured(struck: Mapping[tuple[str, int], w.Maker], well: w.Maker = w.ok) -> list[Measurement]:
    """`struck`: service and AS number in Turkey → what is seen of it; everything else is well."""
    return [
        w.measurement(case, maker(case))
        for number in range(ROUNDS)
        for place, vantage in enumerate(w.ROSTER)
        for service in ("chirp", "other", "control")
        if service != "control"
        for case in [
            w.Case(vantage, service, "web", f"{service}-web", w.START + timedelta(seconds=w.ROUND * (number + place / 99) + 1))
        ]
        for maker in [struck.get((service, vantage.asn), well) if vantage.country == "TR" else well]
    ]  # fmt: skip


def whole(*services: str, maker: w.Maker = w.null_route) -> dict[tuple[str, int], w.Maker]:
    return {(service, v.asn): maker for service in services for v in HERE}


def place(struck: Mapping[tuple[str, int], w.Maker]) -> dict[Cause, float]:
    tracks = Tracks()
    tracks.add(measured(struck))
    weighing = weigh(tracks, view())
    matter = next(m for m in weighing.matters if m.service == "chirp" and "TR" in m.places)
    return matter.places["TR"].support


@pytest.mark.parametrize("maker", [w.null_route, w.tcp_reset, w.second_knows])
def test_where_all_networks_fall_silent_alike_the_two_share_what_they_have(maker: w.Maker) -> None:
    support = place(whole("chirp", maker=maker))
    assert support[Cause.GEO_BLOCK] == pytest.approx(support[Cause.FILTERING], rel=0.2)
    assert support[Cause.GEO_BLOCK] > support[Cause.FILTERING]


def test_one_network_that_passes_is_spared_by_no_firewall_of_the_service() -> None:
    spared = dict(list(whole("chirp").items())[1:])
    support = place(spared)
    assert support[Cause.FILTERING] > 2 * support[Cause.GEO_BLOCK]


def test_what_a_network_signs_is_no_silence() -> None:
    tracks = Tracks()
    tracks.add(measured(whole("chirp", maker=w.sni_reset)))
    matter: Matter = next(m for m in weigh(tracks, view()).matters if m.service == "chirp")
    assert silence(matter, matter.places["TR"], view()) is None


def test_the_two_are_never_told_as_filtering() -> None:
    found = judge(measured(whole("chirp")), view())
    told = [v for v in found if v.country == "TR" and v.service == "chirp"]
    assert not [
        v for v in told if v.leading is Cause.FILTERING and v.state is not State.INSUFFICIENT
    ]


@pytest.mark.parametrize(
    ("maker", "leads"),
    [(w.null_route_near, Cause.FILTERING), (w.null_route_at_the_door, Cause.GEO_BLOCK)],
)
def test_how_far_packets_get_tells_the_two_apart(maker: w.Maker, leads: Cause) -> None:
    support = place(whole("chirp", maker=maker))
    other = {Cause.FILTERING: Cause.GEO_BLOCK, Cause.GEO_BLOCK: Cause.FILTERING}[leads]
    assert support[leads] > 10 * support[other]


def test_one_networks_trace_is_worth_half_of_two() -> None:
    one = {**whole("chirp"), ("chirp", HERE[0].asn): w.null_route_near}
    half, full = place(one), place(whole("chirp", maker=w.null_route_near))
    even = place(whole("chirp"))
    assert even[Cause.FILTERING] < half[Cause.FILTERING] < full[Cause.FILTERING]


def hidden(case: w.Case) -> tuple[Observation, ...]:
    """A refusal in the service's words, and passing trouble over the newest of it."""
    number = int((case.at - w.START).total_seconds() // w.ROUND)
    return (w.geo_block, w.geo_block, w.geo_block, w.null_route, w.silence)[number](case)


def test_a_refusal_that_passing_trouble_hides_is_no_filter() -> None:
    support = place(whole("chirp", maker=hidden))
    assert support[Cause.GEO_BLOCK] > 100 * support[Cause.FILTERING]


def mixed(case: w.Case) -> tuple[Observation, ...]:
    number = int((case.at - w.START).total_seconds() // w.ROUND)
    return (w.silence, w.null_route)[number % 2](case)


def test_what_was_believed_refused_is_not_handed_to_a_filter() -> None:
    before = {Cause.GEO_BLOCK: 0.99, Cause.OK: 0.01}
    held = Belief(at=w.START - timedelta(minutes=1), support=before)
    told = msgspec.structs.replace(
        view(), memory=Memory(beliefs={("chirp", "web", "TR"): (held,)})
    )
    tracks = Tracks()
    tracks.add(measured(whole("chirp", maker=mixed)))
    matter = next(m for m in weigh(tracks, told).matters if m.service == "chirp")
    support = matter.places["TR"].support
    assert support[Cause.GEO_BLOCK] < 1e-3
    assert support[Cause.FILTERING] < 0.5
    assert sum(support.values()) == pytest.approx(1.0)
