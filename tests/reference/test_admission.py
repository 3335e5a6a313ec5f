"""However callers come, no limit is passed, and what is remembered of them is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import ReferenceLimits, Size
from probe.reference.admission import Admission, Refusal, prefix

LIMITS = ReferenceLimits(
    connections=5, per_address=2, per_minute=4, bytes_per_minute=Size(100_000)
)
addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"])


@given(st.lists(st.tuples(addresses, st.booleans(), st.floats(0, 30)), max_size=60))
def test_no_more_are_open_than_may_be(course: list[tuple[str, bool, float]]) -> None:
    admission, now, inside = Admission(LIMITS), 0.0, list[str]()
    for address, comes, after in course:
        now += after
        if comes and admission.enter(address, now) is None:
            inside.append(address)
        elif not comes and address in inside:
            inside.remove(address)
            admission.leave(address, now)
        assert admission.open == len(inside) <= LIMITS.connections
        held = [prefix(one) for one in inside]
        assert all(held.count(one) <= LIMITS.per_address for one in held)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.floats(0, 20)), max_size=60))
def test_nobody_is_sent_more_than_a_bucket_and_what_fills_it(
    asked: list[tuple[int, float]],
) -> None:
    admission, now, sent = Admission(LIMITS), 0.0, 0
    for size, after in asked:
        now += after
        sent += size if admission.grant("192.0.2.1", size, now) else 0
        assert sent <= LIMITS.bytes_per_minute * (1 + now / 60) + 1


def test_the_reasons_are_told_apart() -> None:
    admission = Admission(LIMITS)
    assert [admission.enter("192.0.2.1", 0.0) for _ in range(3)] == [None, None, Refusal.CROWDED]
    for _ in range(2):
        admission.leave("192.0.2.1", 0.0)
    for _ in range(2):
        assert admission.enter("192.0.2.1", 0.0) is None
        admission.leave("192.0.2.1", 0.0)
    assert admission.enter("192.0.2.1", 0.0) is Refusal.RATE
    assert admission.enter("192.0.2.1", 30.0) is None
    assert [admission.enter(f"192.0.2.{n}", 30.0) for n in range(2, 7)][-1] is Refusal.FULL


def test_a_network_of_ipv6_is_one_caller_and_a_mapped_address_is_its_own() -> None:
    assert prefix("2001:db8::1") == prefix("2001:db8::ffff") == "2001:db8::/64"
    assert prefix("::ffff:192.0.2.1") == prefix("192.0.2.1") == "192.0.2.1"
    assert prefix("fe80::1%eth0") == "fe80::/64"


@given(st.lists(st.integers(0, 50), max_size=200))
def test_only_so_many_are_remembered_and_nobody_who_is_inside_forgotten(hosts: list[int]) -> None:
    admission = Admission(LIMITS, most_addresses=8)
    assert admission.enter("192.0.2.200", 0.0) is None
    for number, host in enumerate(hosts):
        admission.grant(f"192.0.2.{host}", 1, float(number))
        assert len(admission._accounts) <= 9  # noqa: SLF001 — the bound is what is tested
    admission.leave("192.0.2.200", 300.0)
    assert admission.open == 0
