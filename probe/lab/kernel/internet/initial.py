"""What a client says first in QUIC: Initial packets, whose keys anybody on the path can derive; pure.

RFC 9001, section 5, and RFC 9369 for version 2. Written against the standard alone, so that what
is played does not hang on the library that is being measured.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB


class Version(msgspec.Struct, frozen=True):
    salt: bytes
    label: bytes
    kind: int
    """The two bits that mark an Initial."""


VERSIONS = {
    1: Version(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic ", 0),
    0x6B3343CF: Version(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 ", 1),
}
LONG_AND_FIXED = 0xC0
SAMPLE = 16
PADDING, PING, ACK, ACK_ECN, CRYPTO = 0, 1, 2, 3, 6

Piece = tuple[int, bytes]
"""Of the handshake's stream: where it begins, and its bytes."""


def pieces(datagram: bytes) -> tuple[Piece, ...]:
    """Read what a client's Initial carries of its handshake; nothing where it is none."""
    try:
        payload = _opened(datagram)
        return tuple(_crypto(payload)) if payload else ()
    except (IndexError, struct.error, InvalidTag, ValueError):
        return ()


def _opened(datagram: bytes) -> bytes:
    """Take the protection off the first packet."""
    (number,) = struct.unpack_from("!I", datagram, 1)
    version = VERSIONS.get(number)
    first = datagram[0]
    if (
        version is None
        or first & LONG_AND_FIXED != LONG_AND_FIXED
        or first >> 4 & 3 != version.kind
    ):
        return b""
    at, name = _counted(datagram, 5)
    at, _ = _counted(datagram, at)
    length, at = _number(datagram, at)
    length, at = _number(datagram, at + length)
    end = at + length
    if end > len(datagram):
        return b""
    key, nonce, cover = _keys(version, name)
    mask = _mask(cover, datagram[at + 4 : at + 4 + SAMPLE])
    first ^= mask[0] & 0x0F
    size = (first & 3) + 1
    said = bytes(a ^ b for a, b in zip(datagram[at : at + size], mask[1:], strict=False))
    head = bytes((first,)) + datagram[1:at] + said
    packet = int.from_bytes(said, "big").to_bytes(len(nonce), "big")
    iv = bytes(a ^ b for a, b in zip(nonce, packet, strict=True))
    return AESGCM(key).decrypt(iv, datagram[at + size : end], head)


def _keys(version: Version, name: bytes) -> tuple[bytes, bytes, bytes]:
    """Derive key, nonce and the key of the header's cover, by the connection's first name."""
    initial = hmac.digest(version.salt, name, hashlib.sha256)
    client = _expand(initial, b"client in", 32)
    return (
        _expand(client, version.label + b"key", 16),
        _expand(client, version.label + b"iv", 12),
        _expand(client, version.label + b"hp", 16),
    )


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446, section 7.1), of at most one block."""
    whole = b"tls13 " + label
    info = struct.pack("!HB", length, len(whole)) + whole + b"\0"
    return hmac.digest(secret, info + b"\1", hashlib.sha256)[:length]


def _mask(key: bytes, sample: bytes) -> bytes:
    cover = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 — as the standard has it
    return cover.update(sample)


def _crypto(payload: bytes) -> Iterator[Piece]:
    at = 0
    while at < len(payload):
        kind, at = _number(payload, at)
        if kind in {ACK, ACK_ECN}:
            at = _past_ack(payload, at, counts=3 if kind == ACK_ECN else 0)
        elif kind == CRYPTO:
            offset, at = _number(payload, at)
            length, at = _number(payload, at)
            yield offset, payload[at : at + length]
            at += length
        elif kind not in {PADDING, PING}:
            return


def _past_ack(payload: bytes, at: int, counts: int) -> int:
    for _ in range(2):
        _, at = _number(payload, at)
    ranges, at = _number(payload, at)
    for _ in range(1 + 2 * ranges + counts):
        _, at = _number(payload, at)
    return at


def _counted(data: bytes, at: int) -> tuple[int, bytes]:
    """Read bytes after their number, of one byte."""
    end = at + 1 + data[at]
    return end, data[at + 1 : end]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length (RFC 9000, section 16), and where it ends."""
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size
