"""Traces over a network in memory; over real packets they are made in the kernel lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.clock import SystemClock
from probe.config.shape import Measuring, Referring
from probe.measure import path as module
from probe.measure.goal import goal
from probe.measure.instruments import instruments
from probe.measure.memory import MemoryDialer
from probe.measure.path import ABREAST, MOST_HOPS, Hop, network, path, told
from probe.measure.step import Mark
from probe.model import SHARED, UNNAMED, DifferentialTest, Failure, TcpConnect

NOW = datetime(2026, 11, 29, tzinfo=UTC)
OURS, TARGET = "45.1.1.10", "45.2.2.10"
NEAR = ("192.168.1.1", "31.1.1.254", "31.1.0.254")
MARK = Mark(hop=0, test=DifferentialTest.PATH)


def lost(address: str = TARGET) -> TcpConnect:
    return TcpConnect(
        at=NOW, took=10.0, address=address, port=443, failure=Failure(name="generic_timeout_error")
    )


async def traced(
    ways: Mapping[str, Sequence[str]],
    *open_: str,
    last: Sequence[TcpConnect] = (lost(),),
    url: str = "https://site.test/",
) -> tuple[TcpConnect, ...]:
    settings = Measuring(reference=Referring(address=OURS))
    dialer = MemoryDialer(ways=ways, streams={(address, 443): () for address in open_})
    tools = replace(instruments(settings, SystemClock()), dialer=dialer)
    return await path(goal(url), last, tools, MARK)


def of(seen: Sequence[TcpConnect], address: str) -> list[tuple[int, str, str]]:
    return [
        (s.ttl, s.failure.name if s.failure else "", s.router)
        for s in seen
        if s.address == address
    ]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HOP_SECONDS", 0.01)


async def test_what_ends_on_the_common_way_is_told_beside_what_goes_on() -> None:
    ways = {OURS: (*NEAR, "45.1.1.254"), TARGET: (*NEAR[:2], *[""] * 40)}
    seen = await traced(ways, OURS)
    up = "host_unreachable"
    assert of(seen, OURS)[:4] == [
        (1, up, SHARED), (2, up, SHARED), (3, up, UNNAMED), (4, up, UNNAMED),
    ]  # fmt: skip
    assert of(seen, OURS)[4] == (5, "", "")
    late = "generic_timeout_error"
    assert of(seen, TARGET)[:3] == [(1, up, SHARED), (2, up, SHARED), (3, late, "")]
    assert len(of(seen, TARGET)) == 2 * ABREAST
    assert [s.address for s in seen] == [OURS] * 8 + [TARGET] * 8  # the control first
    assert {s.test for s in seen} == {DifferentialTest.PATH}


async def test_what_comes_to_the_door_names_the_doors_network_alone() -> None:
    ways = {OURS: (*NEAR, "45.1.1.254"), TARGET: (*NEAR, "45.2.2.254", *[""] * 40)}
    seen = await traced(ways, OURS)
    assert of(seen, TARGET)[3] == (4, "host_unreachable", "45.2.2.0/24")
    assert "31.1" not in repr(seen)
    assert "192.168" not in repr(seen)


async def test_a_refusal_ends_a_trace_and_a_private_router_is_not_named() -> None:
    ways = {OURS: ("10.0.0.1",), TARGET: ("10.0.0.2",)}
    seen = await traced(ways, OURS)
    assert of(seen, TARGET)[0] == (1, "host_unreachable", UNNAMED)
    assert of(seen, TARGET)[1] == (2, "connection_refused", "")
    assert len(of(seen, TARGET)) == ABREAST


async def test_a_way_without_end_is_given_up() -> None:
    forever = tuple(f"45.9.{n}.1" for n in range(99))
    assert len(of(await traced({OURS: forever, TARGET: forever}, OURS), OURS)) == MOST_HOPS


@pytest.mark.parametrize(
    ("last", "url"),
    [
        ((), "https://site.test/"),
        ((lost("2a0d::10"),), "https://site.test/"),  # the control is of the other family
        ((lost("10.0.0.7"),), "https://site.test/"),
        ((lost(),), "dns:site.test"),
    ],
)
async def test_without_anything_to_compare_there_is_no_trace(
    last: Sequence[TcpConnect], url: str
) -> None:
    assert await traced({}, OURS, last=last, url=url) == ()


ROUTERS = st.sampled_from(["", "10.0.0.1", "31.7.7.1", "45.3.3.3", "2a0e::fe"])


@given(st.lists(ROUTERS, max_size=9), st.lists(ROUTERS, max_size=9))
def test_no_router_is_told_by_its_address(control: list[str], target: list[str]) -> None:
    def hops(address: str, routers: Sequence[str]) -> list[Hop]:
        step = TcpConnect(at=NOW, took=0.1, address=address, port=443)
        return [
            Hop(step=replace_ttl(step, ttl), router=router)
            for ttl, router in enumerate(routers, 1)
        ]

    seen = told(hops(OURS, control), hops(TARGET, target))
    assert [s.ttl for s in seen] == [*range(1, len(control) + 1), *range(1, len(target) + 1)]
    for step, router in zip(seen, [*control, *target], strict=True):
        beyond = step.address == TARGET and router and step.router == network(router)
        assert step.router in {"", UNNAMED, SHARED} or beyond
        assert bool(step.router) is bool(router)


def replace_ttl(step: TcpConnect, ttl: int) -> TcpConnect:
    return TcpConnect(at=step.at, took=step.took, address=step.address, port=step.port, ttl=ttl)
