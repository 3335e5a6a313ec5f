"""What is compared between a look and its helper's."""

from __future__ import annotations

from probe.interop import ooni
from probe.judge.paired.facts import Facts, facts
from tests.interop import made as m


def seen(**keys: object) -> Facts:
    return facts(ooni.read(m.encoded(m.well(**keys))))


def test_names_are_kept_apart_by_who_was_asked_and_how() -> None:
    found = seen(queries=[m.query("1.1.1.1", asn=1), m.query("2.2.2.2", engine="udp", asn=2), m.query("3.3.3.3", engine="doh", asn=3)])  # fmt: skip
    assert [n.answers for n in (found.own, found.plain, found.sealed, found.there)] == [
        ("1.1.1.1",), ("2.2.2.2",), ("3.3.3.3",), (m.SITE,),
    ]  # fmt: skip
    assert found.own.origins == {1}


def test_a_valid_certificate_proves_the_address_here_or_there() -> None:
    assert seen().proven
    assert seen(tls_handshakes=[m.tls(failure="connection_reset")]).proven  # the helper's
    assert not seen(queries=[m.query("9.9.9.9")]).proven


def test_what_barred_it_is_held_against_the_helpers_try_of_the_same_address() -> None:
    dead = {
        "tcp_connect": [m.tcp(failure="generic_timeout_error")],
        "tls_handshakes": [],
        "requests": [],
    }
    assert seen(**dead).barred is False
    where = {f"{m.SITE}:443": "generic_timeout_error"}
    assert seen(**dead, control=m.control(tcp_failures=where)).barred is True
    assert seen(**dead, control=m.control()).barred is None


def test_the_page_by_another_resolver_is_a_detour() -> None:
    assert seen(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")]).detour
    assert not seen().detour


def test_only_a_redirect_over_plain_http_leads_astray() -> None:
    to = {"Location": "https://elsewhere.example/"}
    assert not seen(requests=[m.http(code=302, body="", headers=to)]).astray
    assert seen(requests=[m.http(f"http://{m.NAME}/", 302, "", headers=to)]).astray
    home = {"Location": "https://example.com/"}
    assert not seen(requests=[m.http(f"http://{m.NAME}/", 302, "", headers=home)]).astray


def test_a_redirect_to_a_private_address_leads_home() -> None:
    to = {"Location": "http://192.168.0.1/login"}
    assert seen(requests=[m.http(f"http://{m.NAME}/", 302, "", headers=to)]).led_home
    assert not seen().led_home


def test_an_answer_that_began_and_never_ended_has_starved() -> None:
    assert seen(requests=[m.http(body="", failure="generic_timeout_error")]).starved
    assert not seen(requests=[m.http(code=None, body="", failure="generic_timeout_error")]).starved


def test_without_a_helper_nothing_is_compared() -> None:
    found = seen(control=None)
    assert (found.helped, found.page, found.there.answers) == (False, None, ())
