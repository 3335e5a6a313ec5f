"""No address survives, and nothing else is touched."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import assume, given
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
        (
            "Cache-Control: max-age=31536000, s-maxage=63072000",
            "Cache-Control: max-age=31536000, s-maxage=63072000",
        ),
        ("S1700000000.123456,VS0,VE1", "S1700000000.123456,VS0,VE1"),
        ("/2026/11/21/an-article-of-the-day", "/2026/11/21/an-article-of-the-day"),
        ("7d1f0c2e9a3b4c5d-FRA", "7d1f0c2e9a3b4c5d-FRA"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        ("?ip=3405803783&x", "?ip=[address]&x"),
        ("0xCB007107", "[address]"),
        ("0313.0.0161.07", "[address]"),
        ("7.113.0.203.in-addr.arpa", "[address].in-addr.arpa"),
        ("?t=aXA9MjAzLjAuMTEzLjc=", "?t=[address]"),
        ("?u=%252e%2e", "?u=%252e%2e"),
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


FOUR: dict[str, Callable[[IPv4Address], str]] = {
    "plain": str,
    "decimal": lambda a: str(int(a)),
    "hex": lambda a: f"0x{int(a):x}",
    "upper hex": lambda a: f"0X{int(a):08X}",
    "octal": lambda a: f"0{int(a):o}",
    "dotted hex": lambda a: ".".join(f"0x{byte:02x}" for byte in a.packed),
    "dotted octal": lambda a: ".".join(f"0{byte:03o}" for byte in a.packed),
    "padded": lambda a: ".".join(f"{byte:03}" for byte in a.packed),
    "mapped": lambda a: f"::ffff:{a}",
    "mapped hex": lambda a: str(IPv6Address(f"::ffff:{a}")),
    "translated": lambda a: str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(a))),
    "dashed": lambda a: str(a).replace(".", "-"),
    "underscored": lambda a: str(a).replace(".", "_"),
    "escaped dots": lambda a: str(a).replace(".", "%2E"),
    "escaped": lambda a: "".join(f"%{byte:02x}" for byte in str(a).encode()),
    "escaped twice": lambda a: str(a).replace(".", "%252e"),
    "reverse": lambda a: a.reverse_pointer,
    "base64": lambda a: b64encode(str(a).encode()).decode(),
    "base64 of a field": lambda a: urlsafe_b64encode(f"ip={a};".encode()).decode().rstrip("="),
}
SIX: dict[str, Callable[[IPv6Address], str]] = {
    "plain": str,
    "upper": lambda a: str(a).upper(),
    "whole": lambda a: a.exploded,
    "unpadded": lambda a: ":".join(f"{int(part, 16):x}" for part in a.exploded.split(":")),
    "dashed": lambda a: a.exploded.replace(":", "-"),
    "bracketed": lambda a: f"[{a}]:443",
    "escaped": lambda a: str(a).replace(":", "%3A"),
    "escaped twice": lambda a: a.exploded.replace(":", "%253a"),
    "reverse": lambda a: a.reverse_pointer,
    "base64": lambda a: urlsafe_b64encode(a.exploded.encode()).decode(),
}
AROUND = st.sampled_from([("", ""), ("?ip=", "&x=1"), ("for ", " "), ("<b>", "</b>"), ("/", "/")])


def left(spelling: str, text: str) -> bool:
    """Whether what could be read as the address is still there."""
    kept = spelling.strip("=").removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return PLACEHOLDER not in text or kept.lower() in text.lower()


@pytest.mark.parametrize("name", FOUR)
@given(address=st.ip_addresses(v=4), around=AROUND)
def test_nothing_is_left_of_an_ipv4_address_however_it_is_written(
    name: str, address: IPv4Address, around: tuple[str, str]
) -> None:
    assume(int(address) >= 2**24)  # 0.0.0.0/8 is nobody's
    spelling = FOUR[name](address)
    assert not left(spelling, scrub(around[0] + spelling + around[1]))


@pytest.mark.parametrize("name", SIX)
@given(address=st.ip_addresses(v=6), around=AROUND)
def test_nothing_is_left_of_an_ipv6_address_however_it_is_written(
    name: str, address: IPv6Address, around: tuple[str, str]
) -> None:
    spelling = SIX[name](address)
    assert not left(spelling, scrub(around[0] + spelling + around[1]))


@given(st.text())
def test_it_never_raises(text: str) -> None:
    assert isinstance(scrub(text), str)
