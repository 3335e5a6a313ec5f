"""What is read off a record's bytes is what reading the measurement comes to."""

from __future__ import annotations

import json
from random import Random
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge import hearing
from probe.judge.docket import Docket
from probe.judge.hearing import Heard, hear, words
from probe.judge.hypothesis import judge
from probe.judge.memory import Word, keep, word
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.view import Memory, View
from probe.lab.scenario import Noise
from probe.lab.simulated.play import measurements
from probe.model import (
    CONTROL,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Header,
    Health,
    HttpExchange,
    Layer,
    Measurement,
    Observation,
    Tally,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)
from probe.transport import wire
from tests.bench import judge as bench
from tests.judge import worlds as w
from tests.judge.steps import STEPS
from tests.lab.simulated.worlds import event, scenario

T = TypeVar("T")
CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)


def mostly(usual: T, other: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return st.integers(0, 31).flatmap(lambda n: other if n == 31 else st.just(usual))


def _failure(*names: str) -> st.SearchStrategy[Failure | None]:
    return mostly(None, st.sampled_from(names).map(lambda name: Failure(name=name)))


USUAL = {
    "at": st.just(w.START), "took": mostly(0.01, st.floats(0, 0.8)), "hop": mostly(0, st.just(1)),
    "test": mostly(None, st.sampled_from(DifferentialTest)),
}  # fmt: skip
REACHED = {
    **USUAL, "address": st.just("11.0.0.1") | st.sampled_from(["11.0.0.2", "2a00::1"]),
    "failure": _failure("connection_reset", "eof_error"),
}  # fmt: skip
ASKED = {**REACHED, "address": mostly("11.0.0.1", st.just("11.0.0.2"))}
PORT = {"port": st.just(443)}
HOSTILE = st.sampled_from([
    '","expectation":"met', '{"kind":"http","hop":1}', ',"took":0.01,', '["cf-ray","1-LHR"]', '],["CF-Ray","1-LHR',
    '"],"observations":[{"kind":"tcp"', '},"health":{"reason":"offline"}', "\\", '\\"', "\n\x00", "ü\ud7ff☃", "\\u0063f-ray",
])  # fmt: skip
"""What reads like a record's own writing, if it is not read as a string."""
ADDRESSES = st.lists(st.sampled_from(["11.0.0.1", "11.0.0.2", "10.1.2.3"]), max_size=3).map(tuple)
VALUES = (
    "8f-LHR", " 8f-LHR ", "8f-LHR\xa0", "8f-LHRX", "FRA56-P12", "FRA\u0663", 'odd "-LHR', "\\-FRA",
    "ü-AMS", "8f-lhr", "",
)  # fmt: skip
HEADERS = st.lists(
    st.builds(
        Header,
        name=st.sampled_from(["CF-RAY", "x-amz-cf-pop", "X-Served-By", "Via"]) | HOSTILE,
        value=st.sampled_from(VALUES) | HOSTILE,
    ),
    max_size=4,
).map(tuple)
ENDS = (
    None,
    None,
    None,
    "dns_no_answer",
    "dns_no_answer",
    "dns_bogon_error",
    "generic_timeout_error",
)
LOOKUP = st.builds(
    DnsLookup, **USUAL, name=st.just("x"), answers=ADDRESSES,
    late=st.sampled_from([(), (), (), (), ("11.0.0.1",), ("11.0.0.9",)]),
    failure=st.sampled_from(ENDS).map(lambda name: Failure(name=name) if name else None),
)  # fmt: skip
SHAKEN = {"server_name": st.just("x"), "chain": st.just((w.certificate("x"),))}
WAY = st.one_of(
    LOOKUP,
    st.builds(TcpConnect, **REACHED, **PORT),
    st.builds(TlsHandshake, **REACHED, **PORT, **SHAKEN),
)
ANSWER = st.builds(
    HttpExchange, **ASKED, url=mostly("https://x/", st.just("http://x/")), headers=HEADERS,
    status=st.none() | st.integers(100, 599), title=st.sampled_from(["", "5651 sayılı"]) | HOSTILE,
    expectation=mostly(Expectation.MET, st.none() | st.sampled_from(Expectation)),
)  # fmt: skip
NEARLY_WHOLE = st.builds(
    lambda way, shaken, answers: [*way, shaken, *answers],
    st.lists(WAY, max_size=4),
    st.builds(TlsHandshake, **ASKED, **PORT, **SHAKEN),
    mostly(1, st.just(2)).flatmap(lambda n: st.lists(ANSWER, min_size=n, max_size=n)),
)
TALLIES = st.builds(Tally, ok=st.integers(0, 3), of=st.integers(0, 3))
MEASUREMENTS = st.builds(
    Measurement,
    id=st.sampled_from(["0190-a", "0190-b"]), at=st.just(w.START), took=st.just(0.2),
    vantage=mostly(w.ROSTER[0], st.sampled_from(w.ROSTER) | st.builds(
        Vantage, id=HOSTILE, country=st.just("TR"), asn=st.just(7), network=HOSTILE
    )),
    target=st.builds(
        Target, service=st.sampled_from(["chirp", CONTROL]), feature=st.just("web"),
        endpoint=st.sampled_from(["one", "two"]) | HOSTILE,
    ),
    health=st.builds(
        Health, domestic=TALLIES, foreign=TALLIES,
        reason=st.sampled_from(["", "offline", "resolver_broken"]),
    ),
    observations=st.one_of(NEARLY_WHOLE, NEARLY_WHOLE, st.lists(STEPS, max_size=5)).map(tuple),
    software=st.sampled_from(["", "worksforwhom/0.1"]) | HOSTILE,
    goal=mostly(Layer.HTTP, st.sampled_from([Layer.TCP, Layer.DNS])),
)  # fmt: skip


def told(one: Sight | Word) -> dict[str, object]:
    """Every field by name, of a slim record too."""
    kind = Word if isinstance(one, Word) else Sight
    return {name: getattr(one, name) for name in kind.__struct_fields__}


def check(record: bytes, measurement: Measurement) -> None:
    heard = hear(record)
    assert type(heard.sight) is type(read(measurement))
    assert told(heard.sight) == told(read(measurement))
    assert told(heard.word) == told(word(measurement))
    answered = [s.answers for s in measurement.observations if isinstance(s, DnsLookup)]
    assert set(heard.addresses) == {address for some in answered for address in some}


@given(MEASUREMENTS)
@settings(max_examples=500, deadline=None)
def test_a_record_comes_to_what_its_measurement_does(measurement: Measurement) -> None:
    check(msgspec.json.encode(measurement), measurement)


def lookup(failure: str = "", late: tuple[str, ...] = ()) -> DnsLookup:
    broken = Failure(name=failure) if failure else None
    return DnsLookup(at=w.START, took=0.1, name="x", failure=broken, late=late)


@pytest.mark.parametrize(
    "odd",
    [
        (lookup("dns_no_answer"),), (lookup("dns_bogon_error"),), (lookup("dns_timeout_error"),),
        (lookup(late=("11.0.0.9",)),), (w.tcp(CASE, "11.0.0.9", "connection_reset"),),
        (w.tcp(CASE, CASE.address, took=2.0),), w.ok(CASE), w.sni_reset(CASE), w.expired(CASE),
        (w.http(CASE, CASE.address, 302, None, location="https://x/"),),
    ],
)  # fmt: skip
def test_one_odd_thing_on_the_way_is_read_as_it_ever_was(odd: tuple[Observation, ...]) -> None:
    measurement = w.measurement(CASE, (*odd, *w.ok(CASE)))
    check(msgspec.json.encode(measurement), measurement)


def _written(value: object, dice: Random) -> object:
    """The same, its keys in another order, with what nobody knows yet among them."""
    if isinstance(value, list):
        return [_written(one, dice) for one in value]
    if not isinstance(value, dict):
        return value
    fields = [(key, _written(held, dice)) for key, held in value.items()]
    dice.shuffle(fields)
    return dict([*fields, ("colour", {"blue": [1, None], "took": 9, "expectation": "met"})])


@given(MEASUREMENTS, st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_the_order_of_its_keys_and_unknown_ones_and_blanks_change_nothing(
    measurement: Measurement, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 — a test plays dice
    other = _written(json.loads(msgspec.json.encode(measurement)), dice)
    blanks = dice.choice([(",", ":"), (", ", ": ")])
    record = json.dumps(other, separators=blanks, ensure_ascii=dice.random() < 0.5).encode()
    check(record, msgspec.json.decode(record, type=Measurement))


MAKERS = (
    w.ok, w.server_error, w.app_error, w.rejection, w.geo_block, w.silence, w.expired, w.mitm, w.sni_reset,
    w.null_route, w.nxdomain, w.encrypted_cut, w.forged, w.bogon, w.block_page, w.odd_page, w.delayed,
    w.no_resolver, w.unplugged,
)  # fmt: skip


@pytest.mark.parametrize("seen", MAKERS)
def test_every_kind_of_end_comes_to_what_its_measurement_does(seen: w.Maker) -> None:
    world = w.World((w.Event(1.0, seen, countries=("TR",)),))
    for measurement in w.known_at(world, 4.0):
        check(wire.line(measurement), measurement)


def test_a_played_story_is_heard_as_it_is_measured() -> None:
    told = [event("tls.sni_rst", at=60, until=300), event("throttle.sni_policing", at=120)]
    heard = list(
        measurements(scenario(*told, noise=Noise(lone=0.05, bursts=40)), begin=0, end=400)
    )
    for measurement in heard:
        check(wire.line(measurement), measurement)
    assert {m.target.service for m in heard} > {CONTROL}


def test_records_of_the_bench_are_heard_as_they_are_measured() -> None:
    size = bench.Size(countries=5, networks=1, vantages=1, services=6, features=1)
    for record in bench.World(size, Noise(lone=0.02, bursts=0.0)).round(0):
        check(record, msgspec.json.decode(record, type=Measurement))


WHOLE = w.measurement(CASE, w.ok(CASE))
RECORD = msgspec.json.encode(WHOLE)


def test_a_whole_answer_is_never_decoded_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: bytes) -> Measurement:
        raise AssertionError

    monkeypatch.setattr(hearing, "_full", refused)
    for seen in (w.ok(CASE), (lookup(), *w.ok(CASE))):
        assert hear(msgspec.json.encode(w.measurement(CASE, seen))).sight.met


@pytest.mark.parametrize("seen", [w.ok(CASE), w.sni_reset(CASE)])
def test_what_comes_again_is_held_once(seen: tuple[Observation, ...]) -> None:
    record = msgspec.json.encode(w.measurement(CASE, seen))
    one, other = hear(record).sight, hear(record.replace(b'"id":"', b'"id":"2', 1)).sight
    assert one.id != other.id
    whole = hear(RECORD).sight
    for name in ("vantage", "target", "health"):
        assert getattr(other, name) is getattr(one, name)
        assert getattr(whole, name) is getattr(one, name)
    assert one.layer is not None or (other.answers is one.answers and other.valid is one.valid)


@pytest.mark.parametrize(
    ("was", "put"),
    [
        (b'"id":"', b'"id":7,"was":"'),
        (b'"country":"', b'"land":"'),
        (b'"service":"chirp"', b'"service":7'),
        (b'"took":0.05', b'"took":"0.05"'),
        (b'"url":', b'"uri":'),
        (b'"answers":[', b'"answers":[7,'),
        (b'"kind":"tcp"', b'"kind":"sctp"'),
        (RECORD[-2:], b""),
        (RECORD, b""),
    ],
)
def test_what_is_no_measurement_is_refused(was: bytes, put: bytes) -> None:
    assert was in RECORD
    record = RECORD.replace(was, put)
    for decode in (hear, msgspec.json.Decoder(Measurement).decode):
        with pytest.raises(msgspec.DecodeError):
            decode(record)


def test_what_is_passed_over_is_not_checked() -> None:
    record = RECORD.replace(b'"port":443', b'"port":"https"')
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(record, type=Measurement)
    assert told(hear(record).sight) == told(read(WHOLE))


def test_a_docket_judges_what_was_heard_as_what_was_measured() -> None:
    world = w.World((w.Event(1.0, w.sni_reset, countries=("TR",)),))
    known = w.known_at(world, 20.0)
    docket = Docket()
    docket.hear(hear(msgspec.json.encode(m)).sight for m in known)
    view = w.view(world, 20.0, known)
    assert docket.judge(view) == judge(known, view)


def _remembered(heard: list[Heard], view: View) -> tuple[Memory, bool]:
    """What comes of the words that are chosen, and whether any was left out; the same as of all."""
    every = [one.word for one in heard]
    told = words(heard, view.memory)
    memory = keep(told, (), view)
    assert memory == keep(every, (), view)
    return memory, len(told) < len(every)


def test_words_of_which_a_memory_has_all_are_left_out_and_change_nothing() -> None:
    world = w.World((w.Event(6.0, w.sni_reset, countries=("TR",)),))
    known = [msgspec.structs.replace(m, software="one") for m in w.known_at(world, 9.0)]
    other = [msgspec.structs.replace(known[-1], software="two"), known[0]]
    view = w.view(world, 9.0, known)
    first, again, changed = (
        [hear(msgspec.json.encode(m)) for m in some] for some in (known, known, other)
    )
    memory, less = _remembered(first, view)
    assert not less  # nothing was known of any build
    memory, less = _remembered(again, msgspec.structs.replace(view, memory=memory))
    assert less
    memory, less = _remembered(changed, msgspec.structs.replace(view, memory=memory))
    assert not less
    assert memory.builds[known[-1].vantage.id] == "two"
