"""Who may connect, and how much they may be sent: limits by address, in bounded memory. Pure."""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from ipaddress import ip_address, ip_network

import msgspec

from probe.config.shape import ReferenceLimits

MOST_ADDRESSES = 20_000
"""Remembered at once; who has nothing open and was longest away is forgotten first."""
MINUTE = 60.0


class Refusal(StrEnum):
    """Why a caller is turned away."""

    FULL = "full"
    """As many connections as there may be at all."""
    CROWDED = "crowded"
    """As many as one address may have at once."""
    RATE = "rate"
    """More in a minute than one address may open."""


class _Account(msgspec.Struct):
    """What one address has open, and what it has left."""

    connections: float
    bytes: float
    at: float
    open: int = 0


class Admission:
    """Token buckets that hold a minute's worth."""

    def __init__(self, limits: ReferenceLimits, most_addresses: int = MOST_ADDRESSES) -> None:
        self._limits, self._most = limits, most_addresses
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self.open = 0

    def enter(self, address: str, now: float) -> Refusal | None:
        """Let a connection in, which is then to `leave`; or say why not."""
        if self.open >= self._limits.connections:
            return Refusal.FULL
        account = self._account(address, now)
        if account.open >= self._limits.per_address:
            return Refusal.CROWDED
        if account.connections < 1:
            return Refusal.RATE
        account.connections -= 1
        account.open += 1
        self.open += 1
        return None

    def leave(self, address: str, now: float) -> None:
        self._account(address, now).open -= 1
        self.open -= 1

    def grant(self, address: str, size: int, now: float) -> bool:
        """Allow so many bytes to be sent, all of them or none."""
        account = self._account(address, now)
        if account.bytes < size:
            return False
        account.bytes -= size
        return True

    def _account(self, address: str, now: float) -> _Account:
        key = prefix(address)
        account = self._accounts.get(key)
        if account is None:
            account = _Account(self._limits.per_minute, self._limits.bytes_per_minute, now)
            self._accounts[key] = account
            self._forget()
        self._accounts.move_to_end(key)
        self._refill(account, now)
        return account

    def _refill(self, account: _Account, now: float) -> None:
        share = max(0.0, now - account.at) / MINUTE
        full, most = self._limits.per_minute, self._limits.bytes_per_minute
        account.connections = min(full, account.connections + share * full)
        account.bytes = min(most, account.bytes + share * most)
        account.at = now

    def _forget(self) -> None:
        """Drop the oldest without a connection; there are fewer connections than places."""
        if len(self._accounts) > self._most:
            idle = (key for key, account in self._accounts.items() if not account.open)
            oldest = next(idle, None)
            if oldest is not None:
                del self._accounts[oldest]


def prefix(address: str) -> str:
    """Give what one caller can change at will as one: an IPv4 address, the /64 of an IPv6."""
    plain = ip_address(address.partition("%")[0])
    if plain.version == 6 and plain.ipv4_mapped:  # noqa: PLR2004 — IP's version
        return str(plain.ipv4_mapped)
    if plain.version == 6:  # noqa: PLR2004 — as above
        return str(ip_network((plain, 64), strict=False))
    return str(plain)
