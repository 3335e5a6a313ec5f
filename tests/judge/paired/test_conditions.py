"""The questions of the table hold what they say, and never crash, on any look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.interop import ooni
from probe.judge.paired import conditions as when
from probe.judge.paired.facts import Facts, facts
from probe.judge.paired.rules import ROWS, fitting
from tests.interop import made as m

FAILURES = st.sampled_from([None, "connection_reset", "generic_timeout_error", "eof_error", "ssl_unknown_authority", "connection_refused", "network_unreachable", "unknown_failure: x"])  # fmt: skip
NAMES = st.sampled_from([None, "dns_nxdomain_error", "generic_timeout_error", "dns_no_answer"])
ADDRESSES = st.sampled_from([m.SITE, m.STRANGER, "127.0.0.1", "10.10.34.36"])


@st.composite
def looks(draw: st.DrawFn) -> Facts:
    def lookup(engine: str) -> m.Json:
        failed = draw(NAMES)
        return m.query(*([] if failed else [draw(ADDRESSES)]), engine=engine, failure=failed)

    keys: m.Json = {
        "queries": [lookup(engine) for engine in draw(st.sets(st.sampled_from(["getaddrinfo", "udp", "doh"])))],
        "tcp_connect": [m.tcp(draw(ADDRESSES), failure=draw(FAILURES))],
        "tls_handshakes": [m.tls(draw(ADDRESSES), draw(FAILURES))],
        "requests": [m.http(draw(st.sampled_from([f"https://{m.NAME}/", f"http://{m.NAME}/"])), draw(st.sampled_from([None, 200, 302, 403, 503])), failure=draw(FAILURES), ip=draw(ADDRESSES))],
        "control": draw(st.sampled_from([None, m.control(m.SITE), m.control(dns="dns_name_error", http_failure="dns_lookup_error")])),
    }  # fmt: skip
    return facts(ooni.read(m.encoded(m.well(**keys))))


@given(looks())
def test_some_row_fits_any_look(seen: Facts) -> None:
    assert fitting(seen) in ROWS


@given(looks())
def test_a_verified_answer_is_never_called_anything_of_the_network(seen: Facts) -> None:
    if when.secure(seen):
        assert not any(cause.value == "filtering" and share > 0.4 for cause, share in fitting(seen).shares.items())  # fmt: skip


@given(looks())
def test_without_a_helper_nothing_but_the_look_itself_speaks(seen: Facts) -> None:
    if not seen.helped:
        assert not when.denied(seen)
        assert not when.barred_too(seen)
        assert not when.page_other(seen)
