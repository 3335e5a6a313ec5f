"""What differential tests show is read of their steps alone, and none of it without a control."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.trials import UNTRIED, Trials, trials
from probe.model import DifferentialTest, Layer, Observation
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
        "quic": w.over_quic(CASE, end, None, end)[0],
    }
    return msgspec.structs.replace(made[kind], test=test)


steps = st.builds(
    step,
    st.sampled_from(["tcp", "tls", "http", "dns", "quic"]),
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


HARMLESS = w.tls(CASE, "9.9.9.9", "ssl_invalid_hostname", test=DifferentialTest.SECOND_RESOLVER)
PLAIN, SEALED = w.encrypted_cut(CASE)
NAMED = w.encrypted_cut(CASE, "connection_reset", Layer.TLS)[1]
MUTE = msgspec.structs.replace(PLAIN, rcode=None, answers=(), failure=SEALED.failure)
KEY = "tls 9.9.9.9 dns.quad9.net"
LOOKS: dict[str, tuple[tuple[Observation, ...], str]] = {
    "by address": ((PLAIN, SEALED), KEY),
    "by name, a harmless one passing": ((MUTE, NAMED, HARMLESS), KEY),
    "by name, plain DNS passing": ((PLAIN, NAMED), KEY),
    "nothing passes there": ((MUTE, SEALED), ""),
    "a harmless name is cut alike": (
        (MUTE, NAMED, msgspec.structs.replace(HARMLESS, failure=NAMED.failure)), "",
    ),
    "another's plain DNS passes": ((msgspec.structs.replace(PLAIN, resolver="8.8.8.8"), SEALED), ""),
    "it is private": (
        tuple(msgspec.structs.replace(s, resolver="private") for s in (PLAIN, SEALED)), "",
    ),
    "a stranger's certificate": ((PLAIN, w.encrypted_cut(CASE, "ssl_unknown_authority")[1]), ""),
    "after the handshake": ((PLAIN, w.encrypted_cut(CASE, "eof_error", Layer.DNS)[1]), ""),
    "what this host itself lacks": ((PLAIN, w.encrypted_cut(CASE, "network_unreachable")[1]), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_an_encrypted_resolver_is_cut_where_its_neighbours_pass(name: str) -> None:
    steps, resolver = LOOKS[name]
    assert trials(steps).cut == resolver


LATE = "generic_timeout_error"
UDP: dict[str, tuple[tuple[str, str | None, str], tuple[bool, bool, bool]]] = {
    "all is well": (("", "", ""), (False, False, True)),
    "the target speaks none": (("", "", LATE), (False, False, False)),
    "the name is lost": (("", LATE, LATE), (False, True, False)),
    "the name is refused, by an alert or a certificate": (("", "ssl_invalid_hostname", LATE), (False, False, False)),
    "nothing passes": ((LATE, None, LATE), (True, False, False)),
    "our server speaks none": (("connection_refused", None, LATE), (False, False, False)),
    "only ours is lost": ((LATE, None, ""), (False, False, True)),
    "this host itself": (("network_unreachable", None, "network_unreachable"), (False, False, False)),
}  # fmt: skip


@pytest.mark.parametrize("name", UDP)
def test_over_quic_a_name_is_told_from_the_whole_of_it(name: str) -> None:
    ends, (muted, dropped, proven) = UDP[name]
    found = trials(w.over_quic(CASE, *ends))
    assert (bool(found.muted), found.dropped, found.proven) == (muted, dropped, proven)


def test_other_orders_of_steps_over_quic_say_nothing() -> None:
    ours, named, target = w.over_quic(CASE, "", LATE, LATE)
    for steps in ((named, target, ours), (ours, named), (ours, named, target, target)):
        assert not trials(steps).dropped


def test_an_encrypted_resolver_that_answers_is_named() -> None:
    answered = msgspec.structs.replace(SEALED, failure=None, failed_at=None, answers=("11.0.0.1",))
    seen = trials((PLAIN, answered))
    assert (seen.sealed, seen.cut, seen.plain) == ((KEY,), "", (CASE.address,))


ENDED, LATE = w.ENDED, w.LATE
NEAR = (("shared", ENDED), ("", LATE), ("", LATE))
DOOR = (("shared", ENDED), ("shared", ENDED), ("11.1.1.0/24", ENDED), ("", LATE))


@pytest.mark.parametrize(
    ("control", "target", "near"),
    [
        (w.CONTROL_TRACE, NEAR, True),
        (w.CONTROL_TRACE, DOOR, False),
        (w.CONTROL_TRACE[:1], NEAR, None),  # the control goes no further either
        (w.CONTROL_TRACE, (("", LATE),) * 3, None),  # nobody says anything
        (w.CONTROL_TRACE, (("unnamed", ENDED), ("", LATE)), None),
        (
            w.CONTROL_TRACE,
            (("shared", ENDED), ("12.9.9.0/24", ENDED), ("", LATE)),
            None,
        ),  # on the way
        (w.CONTROL_TRACE, (("shared", ENDED), ("nonsense", ENDED), ("", LATE)), None),
        (w.CONTROL_TRACE, (*DOOR[:3], ("", "")), None),  # it opens: whatever it was is over
        (w.CONTROL_TRACE, (), None),
        ((), NEAR, None),
    ],
)
def test_where_packets_end(
    control: Sequence[tuple[str, str]],
    target: Sequence[tuple[str, str]],
    near: bool | None,  # noqa: FBT001
) -> None:
    steps = (*w.traced(CASE, w.OURS, *control), *w.traced(CASE, "11.1.1.7", *target))
    assert trials(steps).near is near


PACE = DifferentialTest.GOODPUT
FREE = (0.0, 0.02, 0.03, 0.04)
QUICK = (0.0, 0.001, 0.002, 0.003)


def fetched(*quarters: tuple[float, ...], shaken: Sequence[float] = (0.05, 0.05)) -> Trials:
    """64 KiB from a server of ours, under a harmless name and then under the target's."""
    steps = [
        msgspec.structs.replace(step, test=PACE)
        for each, took in zip(quarters, shaken, strict=True)
        for step in (
            w.tcp(CASE, "11.0.0.1"),
            w.tls(CASE, "11.0.0.1", took=took),
            msgspec.structs.replace(
                w.http(CASE, "11.0.0.1", took=each[-1] + 0.1), length=65_536, quarters=each
            ),
        )
    ]
    return trials(steps)


@pytest.mark.parametrize(
    ("control", "named", "held"),
    [
        (FREE, (0.6, 1.6, 2.6, 3.6), 16_384),
        (FREE, (0.1, 1.3, 2.1, 3.3), 15_360),  # a burst goes first, and what is dropped comes late
        (FREE, (2.0, 3.0, 3.4, 3.5), 0),  # it grows
        (FREE, (0.0, 0.0, 0.0, 3.0), 0),  # it stalled once
        ((0.5, 1.5, 2.5, 3.5), (0.6, 1.6, 2.6, 3.6), 0),  # the line is like that
        (FREE, (0.01, 0.02, 0.03, 0.04), 0),
        (QUICK, (0.01, 0.02, 0.03, 0.04), 0),  # of a busy machine, or a lost packet
        (FREE, (), 0),
        ((), (0.6, 1.6, 2.6, 3.6), 0),
    ],
)
def test_a_policer_holds_one_rate_under_the_name_alone(
    control: tuple[float, ...], named: tuple[float, ...], held: float
) -> None:
    found = fetched(control or (0.0,), named or (0.0,))
    assert found.held == pytest.approx(held)


@pytest.mark.parametrize(
    ("took", "pace"),
    [(4.0, 0.01), (0.5, 0.08), (0.3, None), (0.1, 0.4), (0.02, 2.0)],
)
def test_a_name_is_slowed_only_where_the_wait_is_more_than_a_busy_machines(
    took: float, pace: float | None
) -> None:
    """64 KiB, and 0.04 s under a harmless name."""
    whole = msgspec.structs.replace(w.http(CASE, "11.0.0.1", took=took), length=65_536, test=PACE)
    found = trials(
        msgspec.structs.replace(step, test=PACE)
        for answer in (msgspec.structs.replace(whole, took=0.04), whole)
        for step in (w.tcp(CASE, "11.0.0.1"), w.tls(CASE, "11.0.0.1"), answer)
    )
    assert found.pace == (None if pace is None else pytest.approx(pace))


def test_hands_that_are_shaken_late_under_the_name_alone() -> None:
    assert fetched(FREE, FREE, shaken=(0.05, 2.05)).shaken == pytest.approx(2.0)
    assert fetched(FREE, FREE, shaken=(2.05, 2.05)).shaken == pytest.approx(0.0)
    assert trials([msgspec.structs.replace(w.tcp(CASE, "11.0.0.1"), test=PACE)]).shaken is None


@pytest.mark.parametrize(
    ("quarters", "took", "frozen", "held"),
    [
        ((0.9, 1.9, 2.9, 3.9), 4.0, 0, 12_288),  # our deadline came before its end
        ((0.0, 0.0, 0.0, 0.01), 4.0, 49_152, 0),
        ((0.1, 0.2, 0.3, 0.4), 4.0, 49_152, 0),
        ((), 4.0, 49_152, 0),
    ],
)
def test_a_flow_that_crawls_until_the_deadline_is_not_frozen(
    quarters: tuple[float, ...], took: float, frozen: int, held: float
) -> None:
    late = w.http(CASE, "11.0.0.1", failure="generic_timeout_error", took=took)
    named = msgspec.structs.replace(
        late, length=49_152, quarters=quarters, first_byte=0.05, test=PACE
    )
    whole = msgspec.structs.replace(
        w.http(CASE, "11.0.0.1", took=0.1), length=65_536, quarters=FREE, test=PACE
    )
    tcp, tls = (
        msgspec.structs.replace(step, test=PACE)
        for step in (w.tcp(CASE, "11.0.0.1"), w.tls(CASE, "11.0.0.1"))
    )
    found = trials([tcp, tls, whole, tcp, tls, named])
    assert found.frozen == frozen
    assert found.held == pytest.approx(held)
    assert (found.pace is None) is bool(frozen)


def elsewhere(*ends: str) -> list[Observation]:
    """What other resolvers answer: the true address, where no failure is named."""
    test = DifferentialTest.SECOND_RESOLVER
    return [w.dns(CASE, *(() if end else ("11.0.0.1",)), failure=end, test=test) for end in ends]


def test_a_name_is_unheard_of_where_all_who_answer_learnt_nothing() -> None:
    lost, silent = "dns_servfail_error", "generic_timeout_error"
    assert trials(elsewhere(lost)).unheard
    assert trials(elsewhere(lost, lost)).unheard
    assert trials(elsewhere(lost, silent)).unheard
    assert not trials(elsewhere(silent)).unheard
    assert not trials(elsewhere(lost, "")).unheard
    refused = msgspec.structs.replace(elsewhere("dns_refused_error")[0], rcode=5)
    assert not trials([*elsewhere(lost), refused]).unheard
