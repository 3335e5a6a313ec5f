"""The gate's numbers in words, and what the state hangs on."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.desk.legend import LESS, WORDS, bars, wanting
from probe.judge.hypothesis.gate import Ground, state
from probe.model import STRENGTH, Cause, State

COUNTS = [name for name in WORDS if name not in {"support", "rival", "gain", "solid", "forgeable"}]
GROUNDS = st.builds(
    Ground,
    support=st.floats(0, 1),
    rival=st.floats(0, 1),
    gain=st.floats(0, 9),
    solid=st.booleans(),
    **{name: st.integers(0, 4) for name in COUNTS},
)


def test_every_number_of_the_gate_has_words() -> None:
    assert set(WORDS) == {field.name for field in msgspec.structs.fields(Ground)}
    assert set(WORDS) > LESS


@given(st.sampled_from(Cause), GROUNDS)
def test_what_is_needed_is_just_what_keeps_the_state(cause: Cause, ground: Ground) -> None:
    now = STRENGTH[state(cause, ground)]
    for bar in bars(cause, ground):
        assert bar.value == float(getattr(ground, bar.name))
        if bar.needed is not None and bar.name in COUNTS:
            kept = msgspec.structs.replace(ground, **{bar.name: bar.needed})
            assert STRENGTH[state(cause, kept)] >= now
            less = bar.needed + (1 if bar.name in LESS else -1)
            fallen = msgspec.structs.replace(ground, **{bar.name: less})
            assert STRENGTH[state(cause, fallen)] < now


@given(st.sampled_from(Cause), GROUNDS)
def test_what_is_wanting_would_make_it_surer(cause: Cause, ground: Ground) -> None:
    found = wanting(cause, ground)
    if found is None:
        assert state(cause, ground) is State.CONFIRMED
        return
    for way in found.ways:
        assert state(cause, msgspec.structs.replace(ground, **way)) is found.state
