"""No address survives, and nothing else is touched."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.scrub import PLACEHOLDER, scrub


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("connect to 203.0.113.7 failed", "connect to [address] failed"),
        ("203.0.113.7:443", "[address]:443"),
        ("[2001:db8::1]:443", "[[address]]:443"),
        ("your address is 2001:db8:0:1::5.", "your address is [address]."),
        ("::1", "[address]"),
        ("::ffff:192.0.2.1", "[address]"),
        ("Mon, 21 Nov 2026 10:11:12 GMT", "Mon, 21 Nov 2026 10:11:12 GMT"),
        ("std::vector<int>: bad", "std::vector<int>: bad"),
        ("version 1.2.3", "version 1.2.3"),
        ("1.1 varnish, 1.1 google", "1.1 varnish, 1.1 google"),
        ("", ""),
        ("host-203-0-113-7.isp.example", "host-[address].isp.example"),
        ("ip203.0.113.7x", "ip[address]x"),
        ("203.0.113.7.dsl9.isp.example", "[address].dsl9.isp.example"),
        ("/u_203_0_113_7/", "/u_[address]/"),
        ("?ip=203%2E0%2E113%2E7&x", "?ip=[address]&x"),
        ("?ip=2001%3Adb8%3A%3A7&x", "?ip=[address]&x"),
        ("?u=https%3A//a.b.c.d/", "?u=https%3A//a.b.c.d/"),
        ("2026-11-21-10", "2026-11-21-10"),
        ("300-0-113-7 and 1.2.3.4.5", "300-0-113-7 and 1.2.3.4.5"),
    ],
)
def test_addresses_are_replaced_and_times_are_not(text: str, cleaned: str) -> None:
    assert scrub(text) == cleaned


@given(st.ip_addresses(), st.sampled_from(["", " ", "(", "/?ip=", "for "]))
def test_every_address_is_found_wherever_it_stands(
    address: IPv4Address | IPv6Address, before: str
) -> None:
    assert scrub(f"{before}{address} ") == f"{before}{PLACEHOLDER} "


@given(st.text())
def test_it_never_raises(text: str) -> None:
    assert isinstance(scrub(text), str)
