"""What a webhook is signed with: HMAC-SHA256, by Standard Webhooks (standardwebhooks.com, 1.0.0).

The receiver computes the same from the id, the timestamp and the body as they came, compares in
constant time, and refuses a timestamp that is minutes off. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

PREFIX = "whsec_"


class KeyFormatError(ValueError):
    """The secret begins as an encoded key does, and is none."""


def key(secret: str) -> bytes:
    """Read `whsec_` and base64, as the libraries do; any other text stands for its own bytes."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise KeyFormatError(
            f"begins with {PREFIX} but goes on in something else than base64"
        ) from None


def headers(name: str, at: datetime, body: bytes, secret: bytes) -> Mapping[str, str]:
    """Give the headers of one attempt to deliver the message `name`."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((name.encode(), timestamp.encode(), body))
    digest = hmac.digest(secret, signed, hashlib.sha256)
    return {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
