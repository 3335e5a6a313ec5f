"""Steps of every kind and end, however odd: what the judge must be able to read."""

from __future__ import annotations

from hypothesis import strategies as st

from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
)
from tests.judge import worlds as w

NAMES = st.sampled_from(
    ["generic_timeout_error", "connection_reset", "eof_error", "ssl_invalid_hostname", "dns_nxdomain_error",
     "network_unreachable", "unknown_failure: odd", "connection_refused", "dns_bogon_error", ""],
)  # fmt: skip
FAILURES = st.none() | st.builds(
    Failure,
    name=NAMES,
    verify=st.none() | st.integers(0, 70),
    alert=st.none() | st.integers(0, 120),
)
ADDRESSES = st.sampled_from(["11.0.0.1", "10.10.34.34", "2a00::1", "", "nonsense"])
TESTS = st.none() | st.sampled_from(list(DifferentialTest))
COMMON = {
    "at": st.just(w.START),
    "took": st.floats(0, 30),
    "failure": FAILURES,
    "hop": st.integers(0, 2),
    "test": TESTS,
}
STEPS = st.one_of(
    st.builds(DnsLookup, **COMMON, name=st.just("x"), answers=st.lists(ADDRESSES, max_size=2).map(tuple), late=st.lists(ADDRESSES, max_size=2).map(tuple)),
    st.builds(TcpConnect, **COMMON, address=ADDRESSES, port=st.just(443)),
    st.builds(TlsHandshake, **COMMON, address=ADDRESSES, port=st.just(443), server_name=st.just("x"),
              chain=st.just(()) | st.just((w.certificate("x"),))),
    st.builds(QuicHandshake, **COMMON, address=ADDRESSES, port=st.just(443), server_name=st.sampled_from(["x", "example.com"])),
    st.builds(HttpExchange, **COMMON, url=st.sampled_from(["https://x/", "http://x/", "?"]), address=ADDRESSES,
              status=st.none() | st.integers(100, 599), title=st.text(max_size=8), location=st.text(max_size=8),
              expectation=st.none() | st.sampled_from(list(Expectation)), matched=st.sampled_from(["", "z"])),
)  # fmt: skip
