"""Which addresses are never connected to."""

import pytest

from probe.measure.bogon import is_bogon, networks


@pytest.mark.parametrize(
    "address",
    [
        *("10.10.34.36", "127.0.0.1", "0.0.0.1", "169.254.1.1", "192.168.0.1", "172.16.0.1"),
        *("100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1"),
        *("fec0::1", "64:ff9b:1::1", "3fff::1", "5f00::1", "::7f00:1", "2001::1"),
        *("64:ff9b::10.0.0.1", "2002:a00:1::", "not an address", ""),
    ],
)
def test_outside_the_public_internet(address: str) -> None:
    assert is_bogon(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::"],
)
def test_inside(address: str) -> None:
    assert not is_bogon(address)


def test_one_s_own_private_networks_may_be_allowed() -> None:
    allowed = networks(["10.0.0.0/8", "::1/128"])
    assert not is_bogon("10.1.2.3", allowed)
    assert not is_bogon("::1", allowed)
    assert is_bogon("192.168.1.1", allowed)


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="x"):
        networks(["x"])
