from __future__ import annotations

import msgspec
import pytest

from probe.lab.kernel.internet.interference.policy import Delay, Policy
from probe.lab.kernel.internet.orders import (
    Answer,
    Apply,
    Count,
    Lift,
    Order,
    Route,
    Stop,
    answer_decoder,
    order_decoder,
)
from probe.lab.kernel.internet.router import Counters
from tests.lab.kernel.scene import PLAN

ORDERS: tuple[Order, ...] = (
    Route(plan=PLAN, seed=3),
    Apply(key="e", policies=(Policy(clients=(b"\1\2\3\4",), act=Delay(seconds=1)),)),
    Lift(key="e"),
    Count(),
    Stop(),
)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_an_order_arrives_as_it_was_given(order: Order) -> None:
    line = msgspec.json.encode(order)
    assert b"\n" not in line
    assert order_decoder.decode(line) == order


def test_an_answer_arrives_as_it_was_given() -> None:
    answer = Answer(refused="no", counters=Counters(received=3, hits={"e": 1}))
    assert answer_decoder.decode(msgspec.json.encode(answer)) == answer


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        order_decoder.decode(b'{"do":"dance"}')
