"""Lines are accepted or refused one by one, and nothing that arrives can raise."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model import (
    Certificate,
    DnsLookup,
    Failure,
    Header,
    Health,
    HttpExchange,
    Measurement,
    Tally,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)
from probe.model.country import CODES, UNKNOWN
from probe.model.letters import commands
from probe.transport import plausible, wire
from probe.transport.wire import Reason

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLOCK = NOW.replace(tzinfo=None)
LATE = timedelta(days=14)

text = st.text(st.characters(codec="utf-8"), max_size=20)
times = st.datetimes(timezones=st.just(UTC))
names = text.filter(lambda said: not commands(said))
numbers = st.integers(0, 2**40)
asns = st.integers(0, plausible.LAST_AS)
ports = st.integers(0, plausible.LAST_PORT)
floats = st.floats(0, plausible.LONGEST_SECONDS)
failures = st.none() | st.builds(
    Failure, name=text, errno=st.none() | numbers, alert=st.none() | numbers, detail=text
)
header = {"at": times, "took": floats, "failure": failures, "hop": st.integers(0, 9)}
certificates = st.builds(
    Certificate, sha256=text, subject=text, issuer=text, not_before=times, not_after=times
)
observations = st.one_of(
    st.builds(
        DnsLookup,
        **header,
        name=text,
        rcode=st.none() | numbers,
        raw=st.binary(max_size=9),
        origins=st.lists(asns, max_size=2).map(tuple),
    ),
    st.builds(TcpConnect, **header, address=text, port=ports, source_port=ports),
    st.builds(
        TlsHandshake,
        **header,
        address=text,
        port=ports,
        server_name=text,
        chain=st.lists(certificates, max_size=2).map(tuple),
    ),
    st.builds(
        HttpExchange,
        **header,
        url=text,
        address=text,
        status=st.none() | st.integers(100, 999),
        headers=st.lists(st.builds(Header, name=text, value=text), max_size=2).map(tuple),
    ),
)
measurements = st.builds(
    Measurement,
    id=st.text("0123456789abcdefghijklmnopqrstuvwxyz-", min_size=16, max_size=64),
    at=st.datetimes(
        min_value=CLOCK - timedelta(days=13),
        max_value=CLOCK,
        timezones=st.just(UTC),
    ),
    took=floats,
    vantage=st.builds(
        Vantage,
        id=names,
        country=st.sampled_from(sorted(CODES | {UNKNOWN})),
        asn=asns,
        network=names,
        resolver_asn=asns,
    ),
    target=st.builds(Target, service=names, feature=names, endpoint=names),
    health=st.builds(Health, domestic=st.builds(Tally, ok=numbers, of=numbers), reason=text),
    observations=st.lists(observations, max_size=3).map(tuple),
    software=names,
)

PLAIN = Measurement(
    id="0190-aaaa-bbbb-cccc",
    at=NOW,
    took=0.5,
    vantage=Vantage(id="de-1", country="DE", asn=3320),
    target=Target(service="twitter", feature="web", endpoint="front"),
    observations=(TcpConnect(at=NOW, took=0.1, address="192.0.2.1", port=443),),
)


def decode(data: bytes) -> wire.Batch:
    return wire.decode(data, now=NOW, late=LATE)


def changed(**fields: object) -> bytes:
    """Give the plain measurement's line with top-level fields replaced; `...` removes one."""
    record = msgspec.json.decode(wire.line(PLAIN), type=dict[str, object]) | fields
    return msgspec.json.encode({key: value for key, value in record.items() if value is not ...})


@given(st.lists(measurements, max_size=4))
def test_what_is_written_is_read(batch: list[Measurement]) -> None:
    read = decode(wire.encode(batch))
    assert read.accepted == tuple(batch)
    assert read.refused == ()
    assert read.lines == tuple(range(1, len(batch) + 1))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    read = decode(data)
    assert len(read.accepted) + len(read.refused) <= data.count(b"\n") + 1


@given(measurements, st.data())
def test_a_torn_line_never_raises_and_never_becomes_another_measurement(
    measurement: Measurement, data: st.DataObject
) -> None:
    line = wire.line(measurement)
    torn = line[: data.draw(st.integers(0, len(line) - 1))]
    assert decode(torn).accepted == ()


REFUSED = {
    "not json": (b"{nope", Reason.MALFORMED_JSON),
    "half a line": (wire.line(PLAIN)[:-20], Reason.MALFORMED_JSON),
    "not utf-8": (b'{"id": "\xff\xfe"}', Reason.MALFORMED_JSON),
    "endless nesting": (b'{"x":' + b"[" * 100_000, Reason.MALFORMED_JSON),
    "a list": (b"[1, 2]", Reason.WRONG_TYPE),
    "text for a number": (changed(took="long"), Reason.WRONG_TYPE),
    "a number out of range": (changed(took=1).replace(b":1,", b":1e999,"), Reason.WRONG_TYPE),
    "a negative duration": (changed(took=-0.5), Reason.WRONG_TYPE),
    "a step of two days": (
        changed(
            observations=[{"kind": "tcp", "at": NOW, "took": 2 * 86400, "address": "", "port": 1}]
        ),
        Reason.WRONG_TYPE,
    ),
    "a time without a zone": (changed(at="2026-11-21T12:00:00"), Reason.WRONG_TYPE),
    "no target": (changed(target=...), Reason.MISSING_FIELD),
    "half a header": (
        changed(
            observations=[
                {
                    "kind": "http",
                    "at": NOW,
                    "took": 1,
                    "url": "",
                    "address": "",
                    "headers": [["a"]],
                }
            ]
        ),
        Reason.MISSING_FIELD,
    ),
    "an unknown kind": (
        changed(observations=[{"kind": "smtp"}]),
        Reason.UNKNOWN_OBSERVATION_KIND,
    ),
    "no kind": (changed(observations=[{"took": 1}]), Reason.UNKNOWN_OBSERVATION_KIND),
    "1970": (changed(at="1970-01-01T00:00:00Z"), Reason.TIME_TOO_OLD),
    "2100": (changed(at="2100-01-01T00:00:00Z"), Reason.TIME_IN_FUTURE),
    "the end of time": (changed(at="9999-12-31T23:59:59-23:00"), Reason.TIME_IN_FUTURE),
    "a short id": (changed(id="abc"), Reason.BAD_ID),
    "an id with capitals": (changed(id="ABCDEFGHABCDEFGH"), Reason.BAD_ID),
    "a long id": (changed(id="a" * 65), Reason.BAD_ID),
    "a country that is none": (
        changed(vantage={"id": "a", "country": "XX", "asn": 1}),
        Reason.BAD_COUNTRY,
    ),
    "a small country": (
        changed(vantage={"id": "a", "country": "de", "asn": 1}),
        Reason.BAD_COUNTRY,
    ),
    "an id that moves the cursor": (
        changed(vantage={"id": "a\x1b[2J", "country": "DE", "asn": 1}),
        Reason.CONTROL_CHARACTER,
    ),
    "a network of no number": (
        changed(vantage={"id": "a", "country": "DE", "asn": 2**32}),
        Reason.OUT_OF_RANGE,
    ),
    "a long line": (changed(software="x" * wire.MAX_LINE_BYTES), Reason.TOO_LONG),
    "too many steps": (
        changed(observations=[{"kind": "dns", "at": NOW, "took": 0, "name": "a"}] * 501),
        Reason.TOO_LONG,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_line_is_refused_alone_by_its_number(name: str) -> None:
    line, reason = REFUSED[name]
    good = wire.line(PLAIN)
    read = decode(b"\n".join((good, line, b"", good)))
    assert read.accepted == (PLAIN, PLAIN)
    assert read.lines == (1, 4)
    [refusal] = read.refused
    assert (refusal.line, refusal.reason) == (2, reason)
    assert refusal.detail
    assert "\n" not in refusal.detail
    assert len(refusal.detail) <= wire.MAX_DETAIL


SAID = {
    "not utf-8": "the text is not UTF-8, as JSON has to be",
    "endless nesting": "the JSON is nested deeper than any measurement is",
    "a list": "the record: Expected `object`, got `array`",
    "text for a number": "took: Expected `float`, got `str`",
    "no target": "target is missing",
    "1970": "at is 1970-01-01T00:00:00+00:00, and nothing before 2026-11-07 12:00:00 UTC is read",
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_wrong_is_said_in_plain_words(name: str) -> None:
    line, _ = REFUSED[name]
    [refusal] = decode(line).refused
    assert refusal.detail == SAID[name]


def test_a_limit_that_is_a_day_is_said_as_one() -> None:
    old = changed(at="1999-01-01T00:00:00Z")
    [refusal] = wire.decode(old, now=NOW, late=NOW - datetime(2010, 1, 1, tzinfo=UTC)).refused
    assert refusal.detail.endswith("and nothing before 2010-01-01 is read")


def test_a_field_within_is_named_by_its_path() -> None:
    [refusal] = decode(changed(vantage={"id": "a", "country": "DE", "asn": "x"})).refused
    assert refusal.detail == "vantage.asn: Expected `int`, got `str`"
    [refusal] = decode(changed(vantage={"id": "a", "country": "DE"})).refused
    assert refusal.detail == "vantage.asn is missing"


def test_an_unknown_kind_is_named_and_moves_no_cursor() -> None:
    [refusal] = decode(changed(observations=[{"kind": "smtp\x1b]0;\u202e"}])).refused
    assert "smtp\ufffd]0;\ufffd" in refusal.detail


def test_an_observation_or_certificate_without_a_zone_is_refused() -> None:
    certificate = Certificate(sha256="", subject="", issuer="", not_before=NOW, not_after=CLOCK)
    tls = TlsHandshake(at=NOW, took=0, address="", port=443, server_name="", chain=(certificate,))
    [refusal] = decode(wire.line(msgspec.structs.replace(PLAIN, observations=(tls,)))).refused
    assert refusal.reason is Reason.WRONG_TYPE


def test_unknown_fields_are_ignored() -> None:
    assert decode(changed(mood="well")).accepted == (PLAIN,)


def test_without_a_clock_any_time_is_right() -> None:
    line = changed(at="1970-01-01T00:00:00Z")
    assert len(wire.decode(line, now=None, late=LATE).accepted) == 1


def test_the_window_of_time_is_closed_at_both_ends() -> None:
    for at, right in (
        (NOW + wire.AHEAD, True),
        (NOW + wire.AHEAD + timedelta(microseconds=1), False),
        (NOW - LATE, True),
        (NOW - LATE - timedelta(microseconds=1), False),
        (NOW.astimezone(timezone(timedelta(hours=9))), True),
    ):
        line = wire.line(msgspec.structs.replace(PLAIN, at=at))
        assert bool(decode(line).accepted) is right


def test_no_more_records_are_read_than_asked_for() -> None:
    data = wire.encode([PLAIN]) * 3
    read = wire.decode(data, now=NOW, late=LATE, records=2)
    assert len(read.accepted) == 2
    [refusal] = read.refused
    assert (refusal.line, refusal.reason) == (3, Reason.TOO_MANY)
