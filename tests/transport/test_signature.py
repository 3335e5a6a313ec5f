"""The signature is Standard Webhooks' own, so that any of its libraries verifies it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.transport import signature


def test_the_example_of_the_specification() -> None:
    key = signature.key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signature.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', key) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(), st.binary(min_size=1), st.datetimes(timezones=st.just(UTC)))
def test_whoever_has_the_key_can_verify(body: bytes, key: bytes, at: datetime) -> None:
    sent = signature.headers("msg_1", at, body, key)
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    version, _, given_digest = sent["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(given_digest) == hmac.new(key, signed, hashlib.sha256).digest()


@given(st.binary())
def test_an_encoded_key_is_decoded(key: bytes) -> None:
    assert signature.key("whsec_" + base64.b64encode(key).decode()) == key


def test_other_keys() -> None:
    assert signature.key("a-long-phrase") == b"a-long-phrase"
    with pytest.raises(signature.KeyFormatError, match="something else than base64"):
        signature.key("whsec_not-base64!")
