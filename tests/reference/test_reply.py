"""A request, whatever it is, gets what it asks for within the limit, or less."""

import json

from hypothesis import given
from hypothesis import strategies as st

from probe.reference.reply import GREETING, LONGEST_HEAD, Reply, head, reply, served

MOST = 100_000


def asked(path: str, host: str = "a.test", method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*".encode()


def answered(path: str, caller: str = "192.0.2.7") -> Reply:
    return reply(asked(path), caller, MOST, ())


@given(st.integers(0, 10**11))
def test_never_is_more_sent_than_was_asked_for(size: int) -> None:
    found = answered(f"/bytes/{size}")
    assert found.filler == (size if size <= MOST else 0)
    assert (found.status == 200) is (size <= MOST)


@given(st.binary(max_size=LONGEST_HEAD))
def test_whatever_comes_is_answered_with_little(data: bytes) -> None:
    found = reply(data, "192.0.2.7", MOST, ())
    assert found.length <= max(MOST if b"/bytes/" in data else 0, len(GREETING) * 2)
    assert head(found).endswith(b"\r\n\r\n")


def test_a_caller_is_told_where_it_comes_from() -> None:
    told = json.loads(answered("/whoami").text)
    assert told == {"address": "192.0.2.7", "network": "192.0.2.0/24"}
    assert json.loads(answered("/whoami", "::ffff:192.0.2.7").text) == told
    six = json.loads(answered("/whoami", "2001:db8:1:2::3%en0").text)
    assert six == {"address": "2001:db8:1:2::3", "network": "2001:db8:1::/48"}


def test_what_is_not_there_is_refused() -> None:
    assert answered("/").text == GREETING
    assert answered("/etc/passwd").status == 404
    assert reply(asked("/", method="POST"), "192.0.2.7", MOST, ()).status == 405
    assert reply(asked("http://other.test/"), "192.0.2.7", MOST, ()).status == 400, "no proxy"
    assert reply(asked("a.test:443", method="CONNECT"), "192.0.2.7", MOST, ()).status == 400


def test_a_head_is_the_same_without_its_body() -> None:
    whole, bare = (
        answered("/bytes/500"),
        reply(asked("/bytes/500", method="HEAD"), "::1", MOST, ()),
    )
    assert head(whole) == head(bare)
    assert (whole.sent, bare.sent) == (500, 0)


def test_names_are_served_with_what_is_below_them() -> None:
    assert served("A.Example.org.", ("example.org",))
    assert served("example.org", ("example.org",))
    assert not served("notexample.org", ("example.org",))
    assert served("anything", ())
    assert reply(asked("/", "b.test:8443"), "::1", MOST, ("a.test",)).status == 421
    assert reply(asked("/", "www.a.test:8443"), "::1", MOST, ("a.test",)).status == 200
    assert reply(asked("/whoami", "192.0.2.1"), "::1", MOST, ("a.test",)).status == 200
