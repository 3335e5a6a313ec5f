from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.interference.policy import (
    DROP,
    PASS,
    AddressDrop,
    Cut,
    Delay,
    Divert,
    DnsForgery,
    DnsSilence,
    HttpAnswer,
    NameDelay,
    NameDrop,
    NameFreeze,
    NamePolice,
    NameReset,
    Policy,
    SynReset,
)

ACTS = st.one_of(
    *(
        st.from_type(act)
        for act in (
            AddressDrop,
            Cut,
            Divert,
            DnsForgery,
            DnsSilence,
            HttpAnswer,
            NameDrop,
            SynReset,
        )
    ),
    st.builds(NameReset, names=st.just(("a.example",)), residual=st.floats(0, 600)),
    st.builds(Delay, seconds=st.floats(0, 10)),
    st.builds(NameFreeze, names=st.just(("a.example",)), budget=st.integers(0, 99999)),
    st.builds(NameDelay, names=st.just(("a.example",)), seconds=st.floats(0, 9)),
    st.builds(NamePolice, names=st.just(("a.example",)), rate=st.floats(1, 1e6)),
)


@given(st.builds(Policy, clients=st.just((b"\1\2\3\4",)), act=ACTS, share=st.floats(0, 1)))
def test_a_policy_travels_to_the_router_as_json_and_arrives_as_it_was(policy: Policy) -> None:
    assert msgspec.json.decode(msgspec.json.encode(policy), type=Policy) == policy


def test_to_pass_is_to_do_nothing_and_to_drop_is_not_to_forward() -> None:
    assert (PASS.forward, PASS.inject, PASS.delay, PASS.rewritten) == (True, (), 0.0, b"")
    assert msgspec.structs.replace(PASS, forward=False) == DROP
