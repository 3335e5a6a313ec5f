"""A helper's measurement becomes OONI's `control` and comes back."""

from __future__ import annotations

from probe.interop import ooni
from probe.interop.outside import control
from tests.interop import made as m


def test_its_answers_and_its_failures_are_there() -> None:
    look = ooni.read(m.encoded(m.well(control=m.control(m.SITE, http_failure="eof_error"))))
    assert look.control is not None
    written = control(look.control)
    assert written.dns is not None
    assert (written.dns.addrs, written.dns.failure) == ([m.SITE], None)
    assert set(written.tcp_connect or {}) == {f"{m.SITE}:443"}
    assert written.http_request is not None
    assert (written.http_request.failure, written.http_request.status_code) == ("eof_error", -1)


def test_an_ipv6_place_has_its_brackets() -> None:
    six = m.control(tcp_failures={"[2001:db8::1]:443": "connection_refused_error"})
    look = ooni.read(m.encoded(m.well(control=six)))
    assert look.control is not None
    assert set(control(look.control).tcp_connect or {}) == {"[2001:db8::1]:443"}
