"""Records are unwrapped and typed; a bad one is refused with the name of its field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop.record import parse
from probe.interop.refusal import ForeignError, Reason
from tests.interop import made as m


def refused(text: bytes) -> ForeignError:
    with pytest.raises(ForeignError) as caught:
        parse(text)
    return caught.value


def test_a_record_is_read() -> None:
    assert parse(m.encoded(m.well())).probe_cc == "IT"


def test_explorers_and_the_apis_wrappings_are_taken_off() -> None:
    record = m.encoded(m.well())
    assert parse(m.encoded({"measurement": m.well(), "explorer_meta": {}})).probe_cc == "IT"
    assert parse(m.encoded({"raw_measurement": record.decode()})).probe_cc == "IT"
    assert parse(m.encoded({"raw_measurement": m.well()})).probe_cc == "IT"


@pytest.mark.parametrize("field", ["input", "measurement_start_time", "probe_cc", "probe_asn"])
def test_a_missing_field_is_named(field: str) -> None:
    error = refused(m.encoded(m.without(m.well(), field)))
    assert (error.reason, str(error)) == (Reason.MISSING_FIELD, f"{field} is missing")


def test_a_field_inside_is_named_with_its_place() -> None:
    error = refused(m.encoded(m.well(queries=[{"query_type": "A"}])))
    assert str(error) == "test_keys.queries[0].hostname is missing"


def test_a_wrong_type_is_named_with_its_place() -> None:
    error = refused(m.encoded(m.well(tcp_connect=[{"ip": 7, "port": 443, "status": {}}])))
    assert error.reason is Reason.WRONG_TYPE
    assert str(error) == "test_keys.tcp_connect[0].ip: Expected `str`, got `int`"


def test_a_record_without_test_keys_is_refused_for_it() -> None:
    for text in (
        m.encoded(m.well() | {"test_keys": None}),
        m.encoded(m.without(m.well(), "test_keys")),
    ):
        assert refused(text).reason is Reason.NO_TEST_KEYS


def test_another_test_is_refused_by_its_name() -> None:
    error = refused(m.encoded(m.well() | {"test_name": "ndt"}))
    assert error.reason is Reason.OTHER_TEST
    assert "'ndt'" in str(error)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_crash(text: bytes) -> None:
    with pytest.raises(ForeignError):
        parse(text)
