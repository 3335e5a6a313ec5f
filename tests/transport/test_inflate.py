"""Bodies come out as they were sent, whatever the chunks, and never grow past the cap."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.transport.inflate import MEMBERS, Body, BrokenBodyError, Coding, LargeBodyError

MIB = 1024 * 1024


def body(coding: Coding = Coding.GZIP, compressed: int = MIB, decompressed: int = MIB) -> Body:
    return Body(coding, compressed=compressed, decompressed=decompressed)


def read(data: bytes, coding: Coding = Coding.GZIP, *, chunk: int = 7) -> bytes:
    taken = body(coding)
    for start in range(0, len(data), chunk):
        taken.feed(data[start : start + chunk])
    return taken.finish()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 400))
def test_members_come_out_whole_at_any_chunking(members: list[bytes], chunk: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    assert read(packed, chunk=chunk) == b"".join(members)


@given(st.binary(max_size=300), st.integers(1, 400))
def test_what_is_not_compressed_is_passed_on(data: bytes, chunk: int) -> None:
    assert read(data, Coding.IDENTITY, chunk=chunk) == data


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_truncated_stream_is_refused_with_its_offset(data: bytes, draw: st.DataObject) -> None:
    packed = gzip.compress(data)
    cut = draw.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(BrokenBodyError, match=f"ends too early, at byte {cut}$"):
        read(packed[:cut])


def test_what_follows_the_stream_is_refused() -> None:
    packed = gzip.compress(b"{}\n")
    with pytest.raises(BrokenBodyError, match=f"near byte {len(packed)}"):
        read(packed + b"more", chunk=1000)


def test_what_is_no_gzip_is_refused() -> None:
    with pytest.raises(BrokenBodyError, match="incorrect header check"):
        read(b'{"id": 1}')


def test_a_wrong_checksum_is_refused() -> None:
    packed = bytearray(gzip.compress(b"measurement"))
    packed[-5] ^= 1
    with pytest.raises(BrokenBodyError, match="near byte"):
        read(bytes(packed))


def test_a_bomb_is_refused_without_inflating_it() -> None:
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(pack.compress(bytes(MIB)) for _ in range(100)) + pack.flush()
    taken = body()
    with pytest.raises(LargeBodyError, match=f"more than {MIB} bytes"):
        taken.feed(bomb)
    assert len(taken._held) == MIB + 1  # noqa: SLF001 — that is the point


def test_both_caps_are_exact() -> None:
    taken = body(Coding.IDENTITY, decompressed=10)
    taken.feed(bytes(10))
    assert taken.finish() == bytes(10)
    packed = gzip.compress(bytes(10))
    exact = body(compressed=len(packed), decompressed=10)
    exact.feed(packed)
    assert exact.finish() == bytes(10)


@pytest.mark.parametrize("coding", Coding)
def test_more_bytes_than_the_cap_are_refused_as_they_come(coding: Coding) -> None:
    taken = body(coding, compressed=10, decompressed=10)
    with pytest.raises(LargeBodyError, match="longer than the 10 bytes"):
        taken.feed(bytes(11))


def test_many_members_are_refused() -> None:
    read(gzip.compress(b"") * MEMBERS, chunk=1000)
    with pytest.raises(BrokenBodyError, match=f"more than {MEMBERS} gzip members"):
        read(gzip.compress(b"") * (MEMBERS + 1), chunk=1000)
