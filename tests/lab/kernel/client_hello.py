"""The shortest ClientHello that names a server."""

from __future__ import annotations


def hello(name: bytes = b"www.example.com") -> bytes:
    entry = b"\0" + len(name).to_bytes(2, "big") + name
    value = len(entry).to_bytes(2, "big") + entry
    extension = b"\0\0" + len(value).to_bytes(2, "big") + value
    body = b"\3\3" + b"r" * 32 + b"\0" + b"\0\2\x13\1" + b"\1\0"
    body += len(extension).to_bytes(2, "big") + extension
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message
