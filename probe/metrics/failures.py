"""The failures that each layer can give: series that are there at 0, so that a rate sees the first of each.

What only a fault of this program could bring (a bad file descriptor, say) gets its series when it
happens. Redirects lead an endpoint through any layer, whatever its own URL has.
"""

from __future__ import annotations

from collections.abc import Mapping

from probe.model import CHAIN, Expectation, Layer

TIMEOUT, UNKNOWN = "generic_timeout_error", "unknown_failure"
BROKEN = (TIMEOUT, "connection_reset", "host_unreachable", "network_unreachable", UNKNOWN)
"""On any layer: the connection, or the way, breaks."""
CUT = ("connection_aborted", "eof_error")
"""In the middle of a stream."""
CERTIFICATES = (
    "ssl_failed_handshake",
    "ssl_invalid_certificate",
    "ssl_invalid_hostname",
    "ssl_unknown_authority",
)
"""Of a handshake: with the endpoint, or with a resolver that is asked encrypted."""
OURS = ("no_buffer_space", "permission_denied")
"""At the making of a socket: this host's own limits and filters."""

BY_LAYER: Mapping[Layer, tuple[str, ...]] = {
    Layer.DNS: (
        *BROKEN,
        *OURS,
        "connection_aborted",
        "connection_refused",
        "dns_bogon_error",
        "dns_no_answer",
        "dns_nxdomain_error",
        "dns_refused_error",
        "dns_server_misbehaving",
        "dns_servfail_error",
        "eof_error",
        "network_down",
        "http_request_failed",
        "nothing_measured",
        *CERTIFICATES,
    ),
    Layer.TCP: (
        *BROKEN,
        *OURS,
        "address_not_available",
        "connection_aborted",
        "connection_refused",
        "dns_bogon_error",
        "network_down",
    ),
    Layer.TLS: (
        *BROKEN,
        *CUT,
        *CERTIFICATES,
    ),
    Layer.HTTP: (
        *BROKEN,
        *CUT,
        "http_invalid_redirect_location_host",
        "http_request_failed",
        "ssl_failed_handshake",
        *(f"expectation_{held}" for held in Expectation if held is not Expectation.MET),
    ),
}
FIRST: Mapping[tuple[str, Layer], int] = {
    (name, layer): 0 for layer, names in BY_LAYER.items() for name in names
}
UP_TO: Mapping[Layer, Mapping[tuple[str, Layer], int]] = {
    goal: {key: count for key, count in FIRST.items() if CHAIN.index(key[1]) <= CHAIN.index(goal)}
    for goal in CHAIN
}
"""Of an endpoint that is measured as deep as that."""
