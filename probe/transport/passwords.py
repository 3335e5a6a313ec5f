"""Whether a user's password is right, by its bcrypt hash: off the event loop, each answer once."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping

from probe.config.document import ConfigError
from probe.config.web import BCRYPT

MOST_BYTES = 72
"""Where bcrypt stops reading; upstream and htpasswd do not count what comes after either."""
REMEMBERED = 100
"""Answers kept of each kind: wrong guesses must not push a right password out."""
MOST_WAITING = 8
"""Passwords that wait for their turn; each takes a core for 50 to 100 ms."""


class BusyError(Exception):
    """Too many passwords wait already."""


Compare = Callable[[bytes, bytes], bool]
"""Whether a password has this hash; slow, by design."""


def bcrypt() -> Compare:
    """Load the library, 1 MB of code that a listener without users never needs."""
    try:
        from bcrypt import checkpw  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "basic_auth_users: the package bcrypt is missing; install it, or leave the users out"
        ) from None
    return checkpw


class Passwords:
    """The users of one file."""

    def __init__(self, users: Mapping[str, str], load: Callable[[], Compare] = bcrypt) -> None:
        """Raise ConfigError where the library is missing."""
        self._hashes = {name: hashed.encode() for name, hashed in users.items()}
        self._compare = load()
        self._nobody = _decoy(users.values())
        # The answers' keys cannot be guessed, so finding one takes no time that tells anything.
        self._key = secrets.token_bytes(32)
        self._known: dict[bool, dict[bytes, None]] = {True: {}, False: {}}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def right(self, authorization: str) -> bool:
        """Read an Authorization header; raises BusyError where too many wait."""
        user, password = credentials(authorization)
        if user is None:
            return False
        hashed = self._hashes.get(user, self._nobody)
        asked = b":".join(part.hex().encode() for part in (user.encode(), hashed, password))
        sought = hmac.digest(self._key, asked, "sha256")
        for answer, known in self._known.items():
            if sought in known:
                return answer
        answer = await self._compared(password, hashed) and user in self._hashes
        self._remember(sought, answer=answer)
        return answer

    async def _compared(self, password: bytes, hashed: bytes) -> bool:
        if self._waiting >= MOST_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._compare, password[:MOST_BYTES], hashed)
        finally:
            self._waiting -= 1

    def _remember(self, sought: bytes, *, answer: bool) -> None:
        known = self._known[answer]
        known[sought] = None
        if len(known) > REMEMBERED:
            del known[next(iter(known))]


def credentials(authorization: str) -> tuple[str | None, bytes]:
    """Take `Basic` credentials apart (RFC 7617); None for what is none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True)
        user, colon, password = text.partition(b":")
        name = user.decode()
    except (binascii.Error, ValueError):
        return None, b""
    return (name, password) if colon and scheme.lower() == "basic" else (None, b"")


def _decoy(hashes: Iterable[str]) -> bytes:
    """Make a hash that no password has and that costs what the dearest here does.

    An unknown user's password is compared with it: who is a user cannot be read from the time.
    """
    costs = [found[1] for found in map(BCRYPT.fullmatch, hashes) if found]
    return f"$2b${max(costs, default='10')}${'.' * 53}".encode()
