"""A record becomes the probe's measurement and its helper's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop import ooni
from probe.interop.refusal import ForeignError, Reason
from probe.judge.paired.weighing import weigh
from probe.model import HttpExchange, NetworkKind, Target
from probe.transport import plausible, wire
from tests.interop import made as m


def refused(text: bytes) -> ForeignError:
    with pytest.raises(ForeignError) as caught:
        ooni.read(text)
    return caught.value


def test_both_have_their_place_and_one_target() -> None:
    look = ooni.read(m.encoded(m.well()))
    assert (look.own.vantage.country, look.own.vantage.asn) == ("IT", 137)
    assert look.control is not None
    assert (look.control.vantage.country, look.control.vantage.kind) == (
        "ZZ",
        NetworkKind.DATACENTRE,
    )
    assert look.control.vantage.asn != 137
    assert look.own.target == look.control.target == Target(
        service=m.NAME, feature="web", endpoint=f"https://{m.NAME}/"
    )  # fmt: skip


def test_ids_are_ours_and_the_same_each_time() -> None:
    text = m.encoded(m.well())
    one, other = ooni.read(text), ooni.read(text)
    assert one == other
    assert plausible.ID.fullmatch(one.own.id)
    assert one.control is not None
    assert plausible.ID.fullmatch(one.control.id)


def test_records_without_any_name_are_told_apart_by_their_bytes() -> None:
    one = m.well() | {"report_id": ""}
    other = m.well(requests=[m.http(code=404)]) | {"report_id": ""}
    assert ooni.read(m.encoded(one)).own.id != ooni.read(m.encoded(other)).own.id


def test_the_catalogue_names_the_target() -> None:
    named = {f"https://{m.NAME}/": Target(service="example", feature="home", endpoint="front")}
    assert ooni.read(m.encoded(m.well()), named).own.target == named[f"https://{m.NAME}/"]


def test_the_catalogue_names_the_target_by_its_host_too() -> None:
    named = {m.NAME: Target(service="example", feature="home", endpoint="front")}
    assert ooni.read(m.encoded(m.well()), named).own.target == Target(
        service="example", feature="home", endpoint=f"https://{m.NAME}/"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("probe_cc", "ZZ"), ("probe_cc", "italy"), ("probe_asn", "AS0"), ("probe_asn", "x"), ("probe_asn", "AS4294967296"), ("input", "nothing"), ("input", "https://a.example/\x1b[2J"), ("measurement_start_time", "soon")],
)  # fmt: skip
def test_a_field_that_says_nothing_is_named(field: str, value: str) -> None:
    error = refused(m.encoded(m.well() | {field: value}))
    assert error.reason is Reason.BAD_FIELD
    assert str(error).startswith(f"{field} is {value!r}")


def test_the_name_of_a_network_moves_no_cursor() -> None:
    odd = m.well() | {"probe_network_name": "\x1b]0;a\u202eb\n\u200cc"}
    assert ooni.read(m.encoded(odd)).own.vantage.network == "\ufffd]0;a\ufffdb\ufffd\u200cc"


def test_a_probe_that_broke_by_itself_is_refused() -> None:
    broken = m.well(
        requests=[], tls_handshakes=[], http_experiment_failure="unknown_failure 'ascii' codec"
    )
    assert refused(m.encoded(broken)).reason is Reason.CLIENT_BUG


def test_what_is_read_passes_our_own_wire() -> None:
    look = ooni.read(m.encoded(m.well()))
    for one in (look.own, look.control):
        assert one is not None
        (back,) = wire.decode(wire.encode([one]), now=None, late=wire.AHEAD).accepted
        assert back == one


def test_no_address_of_the_vantage_is_kept() -> None:
    made = m.well(client_resolver="10.1.2.3") | {
        "probe_ip": "93.184.216.99",
        "resolver_ip": "10.1.2.3",
    }
    text = wire.line(ooni.read(m.encoded(made)).own)
    assert b"93.184.216.99" not in text
    assert b"10.1.2.3" not in text


def test_the_final_answer_is_met_and_a_redirect_is_not_final() -> None:
    moved = m.http(code=301, body="", headers={"Location": "/there"})
    look = ooni.read(
        m.encoded(m.well(requests=[m.http(url=f"https://{m.NAME}/there", depth=1), moved]))
    )
    steps = [s for s in look.own.observations if isinstance(s, HttpExchange)]
    assert [s.hop for s in steps] == [0, 1]
    assert steps[0].expectation is None
    assert steps[0].location == f"https://{m.NAME}/there"
    assert steps[1].expectation is not None


LEAVES: tuple[object, ...] = (
    None, 0, -1, 10**30, 1e308, "", "x", "1.2.3.4:99999999999", "depth=99999", "http://[::1",
    "9999-12-31 23:59:59", True, (), {},
)  # fmt: skip


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    return [path] * bool(path) + [p for key, inner in pairs for p in places(inner, (*path, key))]


@given(st.data())
def test_a_record_changed_anywhere_is_read_and_judged_or_refused(data: st.DataObject) -> None:
    made = m.well()
    *way, last = data.draw(st.sampled_from(places(made)))
    inner: object = made
    for key in way:
        inner = inner[key]  # type: ignore[index]
    inner[last] = data.draw(st.sampled_from(LEAVES))  # type: ignore[index]
    assert outcome(m.encoded(made))


def outcome(text: bytes) -> str:
    """The row that a record comes to, or the sentence that refuses it."""
    try:
        return weigh(ooni.read(text)).row
    except ForeignError as error:
        return str(error)


def test_a_record_without_a_name_is_the_same_whatever_ends_its_line() -> None:
    nameless = m.encoded(m.without(m.well(), "report_id"))
    assert len({ooni.read(nameless + end).own.id for end in (b"", b"\n", b"\r\n")}) == 1


def test_a_record_about_another_host_than_its_input_is_refused() -> None:
    other = m.well() | {"input": "https://elsewhere.example/"}
    error = refused(m.encoded(other))
    assert error.reason is Reason.BAD_FIELD
    assert "nothing of it was measured, but of 'www.example.com'" in str(error)


def test_a_name_of_other_letters_is_the_host_that_its_wire_form_was_asked_for() -> None:
    wire_form = "xn--bcher-kva.example"
    asked = m.well(
        queries=[m.query(m.SITE, name=wire_form)], requests=[m.http(f"https://{wire_form}/")]
    )
    look = ooni.read(m.encoded(asked | {"input": "https://bücher.example/"}))
    assert look.own.target.service == wire_form
