"""What differential tests show is read of their steps alone, and none of it without a control."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.trials import UNTRIED, trials
from probe.model import DifferentialTest, Observation
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
OWN = DifferentialTest.OWN_ADDRESS
ENDS = [
    "",
    "connection_reset",
    "generic_timeout_error",
    "ssl_invalid_hostname",
    "host_unreachable",
]


def step(kind: str, end: str, test: DifferentialTest | None) -> Observation:
    made: dict[str, Observation] = {
        "tcp": w.tcp(CASE, "11.0.0.1", end),
        "tls": w.tls(CASE, "11.0.0.1", end),
        "http": w.http(CASE, "11.0.0.1", failure=end),
        "dns": w.dns(CASE, failure=end),
    }
    return msgspec.structs.replace(made[kind], test=test)


steps = st.builds(
    step,
    st.sampled_from(["tcp", "tls", "http", "dns"]),
    st.sampled_from(ENDS),
    st.sampled_from([None, *DifferentialTest]),
)


@given(st.lists(steps, max_size=12))
def test_whatever_steps_there_are_they_can_be_read(seen: list[Observation]) -> None:
    found = trials(seen)
    assert found.pace is None or found.pace >= 0
    assert not found.frozen or found.pace is None


@given(
    st.lists(
        st.builds(step, st.sampled_from(["tcp", "tls", "http"]), st.sampled_from(ENDS), st.none())
    )
)
def test_the_chain_is_no_test(seen: list[Observation]) -> None:
    assert trials(seen) is UNTRIED


def visits(*ends: str) -> list[Observation]:
    return [one for end in ends for one in (step("tcp", "", OWN), step("tls", end, OWN))]


def test_without_a_control_that_passed_a_cut_says_nothing() -> None:
    assert trials(visits("connection_reset")).name_follows is None
    assert trials(visits("")).name_follows is None
    assert trials(visits("connection_reset", "connection_reset")).name_follows is None


def test_a_cut_after_a_control_follows_the_name_and_an_alert_is_the_server_s() -> None:
    assert trials(visits("", "connection_reset")).name_follows is True
    assert trials(visits("", "")).name_follows is False
    assert trials(visits("", "ssl_invalid_hostname")).name_follows is False
