"""Every error has a name; a table row for each name there is."""

import errno
import ssl

import pytest
from httptools import HttpParserError, HttpParserUpgrade
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.failure import (
    ALERTS,
    CAUGHT,
    ERRNOS,
    LONGEST_DETAIL,
    RCODES,
    VERIFY_CODES,
    StepError,
    classify,
    of_rcode,
)
from probe.model import Failure

OONI = {
    *("already_connected", "address_family_not_supported", "address_in_use"),
    *("address_not_available", "bad_address", "bad_file_descriptor", "connection_aborted"),
    *("connection_already_closed", "connection_already_in_progress", "connection_refused"),
    *("connection_reset", "destination_address_required", "dns_bogon_error"),
    *("dns_no_answer", "dns_nxdomain_error", "dns_refused_error", "dns_servfail_error"),
    *("dns_server_misbehaving", "eof_error", "generic_timeout_error", "host_unreachable"),
    *("interrupted", "invalid_argument", "message_size", "network_down", "network_reset"),
    *("network_unreachable", "no_buffer_space", "no_protocol_option", "not_a_socket"),
    *("not_connected", "operation_would_block", "permission_denied", "protocol_not_supported"),
    *("ssl_failed_handshake", "ssl_invalid_certificate", "ssl_invalid_hostname"),
    *("ssl_unknown_authority", "wrong_protocol_type", "http_invalid_redirect_location_host"),
}
"""netxlite/errno.go."""


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()} (_ssl.c:1006)")
    error.reason = reason
    return error


def refused(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = "words"
    return error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ConnectionRefusedError(111, "no"), Failure(name="connection_refused", errno=111)),
        (ConnectionResetError(104, "no"), Failure(name="connection_reset", errno=104)),
        (ConnectionResetError(), Failure(name="eof_error")),
        (BrokenPipeError(32, "no"), Failure(name="connection_reset", errno=32)),
        (TimeoutError(), Failure(name="generic_timeout_error")),
        (TimeoutError(110, "no"), Failure(name="generic_timeout_error", errno=110)),
        (OSError(101, "no"), Failure(name="network_unreachable", errno=101)),
        (OSError(113, "no"), Failure(name="host_unreachable", errno=113)),
        (OSError(24, "no"), Failure(name="no_buffer_space", errno=24)),
        (EOFError("no"), Failure(name="eof_error")),
        (ssl.SSLEOFError(8, "no"), Failure(name="eof_error")),
        (ssl.SSLZeroReturnError(6, "no"), Failure(name="eof_error")),
        (tls("UNEXPECTED_EOF_WHILE_READING"), Failure(name="eof_error")),
        (tls("WRONG_VERSION_NUMBER"), Failure(name="ssl_failed_handshake")),
        (tls("TLSV1_UNRECOGNIZED_NAME"), Failure(name="ssl_invalid_hostname", alert=112)),
        (
            tls("SSLV3_ALERT_HANDSHAKE_FAILURE"),
            Failure(name="ssl_failed_handshake", alert=40),
        ),
        (refused(62), Failure(name="ssl_invalid_hostname", verify=62)),
        (refused(64), Failure(name="ssl_invalid_hostname", verify=64)),
        (refused(18), Failure(name="ssl_unknown_authority", verify=18)),
        (refused(20), Failure(name="ssl_unknown_authority", verify=20)),
        (refused(10), Failure(name="ssl_invalid_certificate", verify=10)),
        (HttpParserError("no"), Failure(name="http_request_failed")),
        (HttpParserUpgrade(7), Failure(name="http_request_failed")),
        (StepError("dns_bogon_error"), Failure(name="dns_bogon_error")),
        (OSError(9999, "odd"), Failure(name="unknown_failure: odd", errno=9999)),
        (OSError("odd"), Failure(name="unknown_failure: odd")),
        (RuntimeError(), Failure(name="unknown_failure: RuntimeError")),
    ],
    ids=repr,
)
def test_each_error_has_its_name(error: Exception, failure: Failure) -> None:
    found = classify(error)
    assert (found.name, found.errno, found.alert, found.verify) == (
        *(failure.name, failure.errno),
        *(failure.alert, failure.verify),
    )


@pytest.mark.parametrize(
    ("rcode", "name"),
    [
        (1, "dns_server_misbehaving"),
        (2, "dns_servfail_error"),
        (3, "dns_nxdomain_error"),
        (4, "dns_server_misbehaving"),
        (5, "dns_refused_error"),
    ],
)
def test_each_rcode_has_its_name(rcode: int, name: str) -> None:
    failure = of_rcode(rcode)
    assert failure
    assert failure.name == name


def test_noerror_is_no_failure() -> None:
    assert of_rcode(0) is None


def test_the_tables_use_ooni_s_names_alone() -> None:
    assert {*ERRNOS.values(), *VERIFY_CODES.values(), *RCODES.values()} <= OONI


@pytest.mark.parametrize("number", ERRNOS)
def test_the_errno_is_kept(number: int) -> None:
    found = classify(OSError(number, errno.errorcode[number]))
    assert (found.name, found.errno) == (ERRNOS[number], number)


@pytest.mark.parametrize("reason", ALERTS)
def test_the_alert_is_kept(reason: str) -> None:
    assert classify(tls(reason)).alert == ALERTS[reason]


errors = st.one_of(
    st.builds(OSError, st.integers(), st.text()),
    st.builds(OSError, st.text()),
    st.builds(ConnectionResetError, st.text()),
    st.builds(EOFError, st.text()),
    st.builds(HttpParserError, st.text()),
    st.builds(StepError, st.text(), st.text()),
    st.builds(ssl.SSLError, st.integers(), st.text()),
    st.builds(ssl.SSLCertVerificationError, st.integers(), st.text()),
    st.builds(tls, st.text()),
    st.builds(refused, st.integers()),
    st.builds(ValueError, st.text()),
)


@given(errors)
def test_it_is_total(error: Exception) -> None:
    found = classify(error)
    assert isinstance(found, Failure)
    assert len(found.detail) <= LONGEST_DETAIL


@given(st.sampled_from([OSError, EOFError, HttpParserError, ValueError]), st.ip_addresses())
def test_no_address_gets_into_a_failure(kind: type[Exception], address: object) -> None:
    found = classify(kind(f"cannot reach {address} at all"))
    assert str(address) not in found.name + found.detail


def test_cancellation_and_bugs_are_not_what_the_network_does() -> None:
    assert not issubclass(KeyError, CAUGHT)
    assert not issubclass(__import__("asyncio").CancelledError, CAUGHT)
