"""Which addresses are never connected to: private, loopback, link-local, reserved. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_UNTOLD = tuple(map(ip_network, ("fec0::/10", "64:ff9b:1::/48", "3fff::/20", "5f00::/16")))
"""Site-local (RFC 3879), local NAT64, documentation, segment routing: not every release of Python
knows that these are nobody's on the public internet."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read CIDR texts. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


@lru_cache(4096)  # an endpoint's addresses seldom change, and reading one is slow
def is_bogon(address: str, allowed: tuple[Network, ...] = ()) -> bool:
    """Tell whether an address lies outside the public internet and outside `allowed`."""
    try:
        real = _carried(ip_address(address))
    except ValueError:
        return True
    if any(real in network for network in allowed):
        return False
    if any(real in network for network in _UNTOLD):
        return True
    return not real.is_global or real.is_multicast or real.is_reserved or real.is_unspecified


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Look through the IPv6 forms that carry an IPv4 address: mapped, NAT64, 6to4."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address
