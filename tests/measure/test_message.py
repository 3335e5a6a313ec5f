"""DNS messages written and read by hand, held against dnspython."""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.failure import StepError
from probe.measure.message import MOST_ADDRESSES, Answer, Question, is_answer, read, write

A = Question("site.test", "A")
LABELS = st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,20}", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
TYPES = st.sampled_from(["A", "AAAA"])
QUESTIONS = st.builds(Question, NAMES, TYPES)
FOURS = st.ip_addresses(v=4).map(str)
SIXES = st.ip_addresses(v=6).map(str)
HEADER = struct.Struct("!6H")


def asked(question: Question) -> dns.message.Message:
    return dns.message.from_wire(write(7, question))


@st.composite
def messages(draw: st.DrawFn) -> tuple[Question, dns.message.Message]:
    """An answer as resolvers give it: aliases, addresses, and what else comes along."""
    question = draw(QUESTIONS)
    made = dns.message.make_response(asked(question), recursion_available=True)
    owner = question.name
    for alias in draw(st.lists(NAMES, max_size=3, unique=True)):
        if alias != owner:
            made.answer.append(dns.rrset.from_text(f"{owner}.", 60, "IN", "CNAME", f"{alias}."))
            owner = alias
    addresses = draw(st.lists(FOURS if question.query == "A" else SIXES, max_size=5, unique=True))
    if addresses:
        made.answer.append(dns.rrset.from_text(f"{owner}.", 60, "IN", question.query, *addresses))
    if draw(st.booleans()):
        made.authority.append(dns.rrset.from_text("test.", 60, "IN", "NS", "ns.test."))
        made.additional.append(dns.rrset.from_text("ns.test.", 60, "IN", "A", "1.2.3.4"))
    if draw(st.booleans()):
        made.use_edns(0, payload=1232)
    made.set_rcode(draw(st.sampled_from([0, 2, 3, 5, *([16, 23] if made.edns >= 0 else [])])))  # type: ignore[arg-type]
    if draw(st.booleans()):
        made.flags |= dns.flags.TC
    return question, made


def oracle(wire: bytes, question: Question) -> Answer | None:
    """Read with dnspython; raises its errors."""
    message = dns.message.from_wire(wire, ignore_trailing=True)
    wanted = dns.rdatatype.from_text(question.query)
    for entry in message.question:
        if entry.name != dns.name.from_text(question.name) or entry.rdtype != wanted:
            return None
    found = [r.to_text() for e in message.answer if e.rdtype == wanted for r in e]
    cut = bool(message.flags & dns.flags.TC)
    names = [
        r.target.to_text(omit_final_dot=True)
        for e in message.answer
        if e.rdtype == dns.rdatatype.CNAME
        for r in e
    ]
    addresses, aliases = tuple(found[:MOST_ADDRESSES]), tuple(dict.fromkeys(names))
    return Answer(int(message.rcode()), addresses, cut, wire, aliases)


@given(st.integers(0, 65535), QUESTIONS)
def test_a_question_is_the_one_dnspython_writes(number: int, question: Question) -> None:
    theirs = dns.message.make_query(question.name, question.query, id=number)
    assert write(number, question) == theirs.to_wire()


@given(messages())
def test_an_answer_is_read_as_dnspython_reads_it(
    pair: tuple[Question, dns.message.Message],
) -> None:
    question, message = pair
    wire = message.to_wire(want_shuffle=False)
    assert is_answer(wire, wire[:2])
    assert read(wire, question) == oracle(wire, question)
    assert read(wire + b"more", question) == oracle(wire + b"more", question)


def address(text: str) -> IPv4Address | IPv6Address:
    """Read one as dnspython writes it, of a class that it does not know as RFC 3597 has it too."""
    generic = text.startswith("\\#")
    return ip_address(bytes.fromhex(text.split()[2]) if generic else text)


@given(messages(), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4))
def test_a_broken_answer_is_read_as_dnspython_reads_it_or_refused(
    pair: tuple[Question, dns.message.Message], strokes: list[tuple[int, int]]
) -> None:
    question, message = pair
    wire = bytearray(message.to_wire(want_shuffle=False))
    for place, value in strokes:
        wire[place % len(wire)] = value
    try:
        ours = read(bytes(wire), question)
    except StepError:
        return
    try:
        theirs = oracle(bytes(wire), question)
    except (dns.exception.DNSException, ValueError, struct.error):
        return  # it also reads the records that we only pass over
    if ours is not None and theirs is not None:
        assert (ours.rcode, ours.cut) == (theirs.rcode, theirs.cut)
        # As addresses: dnspython writes ::1.0.0.2 where others write ::100:2.
        mine, others = (set(map(address, one.addresses)) for one in (ours, theirs))
        assert mine <= others or len(ours.addresses) == 32


@given(messages(), st.data())
def test_an_answer_cut_short_anywhere_is_refused(
    pair: tuple[Question, dns.message.Message], data: st.DataObject
) -> None:
    question, message = pair
    wire = message.to_wire()
    length = data.draw(st.integers(0, len(wire) - 1))
    with pytest.raises(StepError, match="misbehaving"):
        read(wire[:length], question)


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for wire in (data, HEADER.pack(7, 0x8180, 1, 2, 3, 1) + data):
        try:
            answer = read(wire, A)
        except StepError:
            continue
        assert answer is None or answer.raw == wire


def reply(body: bytes, *, questions: int = 0, answers: int = 1) -> bytes:
    return HEADER.pack(7, 0x8180, questions, answers, 0, 0) + body


RECORD = struct.pack("!HHIH4B", 1, 1, 60, 4, 1, 2, 3, 4)
LOOPS = {
    "to itself": b"\xc0\x0c" + RECORD,
    "forwards": b"\xc0\x20" + RECORD,
    "in a circle": b"\x01a\xc0\x0c" + RECORD,
    "a label of a kind that nobody knows": b"\x80" + RECORD,
    "too long a name": b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0" + RECORD,
    "a record longer than the message": b"\0" + RECORD[:8] + b"\xff\xff",
    "an address of five bytes": b"\0" + struct.pack("!HHIH5B", 1, 1, 60, 5, 1, 2, 3, 4, 5),
    "an alias shorter than it says": b"\0" + struct.pack("!HHIH3B", 5, 1, 60, 3, 0, 0, 0),
    "an OPT among the answers": b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0),
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_what_is_wrong_is_refused(body: bytes) -> None:
    with pytest.raises(StepError, match="misbehaving"):
        read(reply(body), A)


def test_pointers_to_pointers_without_end_are_refused() -> None:
    chain = b"\0" + b"".join(struct.pack("!H", 0xC000 | n) for n in (12, *range(13, 800, 2)))
    padding = struct.pack("!HHIH", 16, 1, 60, len(chain)) + chain
    body = b"\0" + padding + struct.pack("!H", 0xC000 | (12 + 11 + 790)) + RECORD
    with pytest.raises(StepError, match="misbehaving"):
        read(reply(body, answers=2), A)


def test_too_many_records_are_refused_unread() -> None:
    with pytest.raises(StepError, match="misbehaving"):
        read(reply((b"\0" + RECORD) * 2000, answers=2000), A)


def test_a_text_of_64_kib_is_passed_over() -> None:
    text = struct.pack("!HHIH", 16, 1, 60, 65000) + bytes(65000)
    found = read(reply(b"\0" + text + b"\0" + RECORD, answers=2), A)
    assert found
    assert found.addresses == ("1.2.3.4",)


def test_another_question_is_none_of_ours_and_case_does_not_matter() -> None:
    other = write(7, Question("site.test", "AAAA"))
    answer = bytes([*other[:2], 0x81, 0x80, *other[4:]])
    assert read(answer, A) is None
    loud = bytes([*answer[:12], *answer[12:].upper()])
    assert read(loud, Question("site.test", "AAAA")) == Answer(0, (), False, loud)  # noqa: FBT003


def test_an_address_that_carries_another_is_written_alike_everywhere() -> None:
    six = Question("site.test", "AAAA")
    data = bytes(10) + b"\xff\xff\x01\x02\x03\x04"
    found = read(reply(b"\0" + struct.pack("!HHIH", 28, 1, 60, 16) + data), six)
    assert found
    assert found.addresses == ("::ffff:1.2.3.4",)


def test_what_says_of_itself_that_it_is_no_answer() -> None:
    question = write(7, A)
    assert not is_answer(question, question[:2])
    assert not is_answer(reply(b"")[:5], question[:2])
    assert not is_answer(b"\0\1" + reply(b"")[2:], question[:2])
