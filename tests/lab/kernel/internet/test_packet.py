from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.packet import (
    IPV6,
    Flag,
    Icmp,
    Opaque,
    Packet,
    Tcp,
    Udp,
    build,
    checksum,
    ethernet,
    parse,
)

PORTS = st.integers(0, 65535)
NUMBERS = st.integers(0, 2**32 - 1)
DATA = st.binary(max_size=200)
SEGMENTS = st.one_of(
    st.builds(
        Tcp,
        source_port=PORTS,
        port=PORTS,
        seq=NUMBERS,
        ack=NUMBERS,
        flags=st.integers(0, 255),
        window=PORTS,
        options=st.integers(0, 10).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n)),
        data=DATA,
    ),
    st.builds(Udp, source_port=PORTS, port=PORTS, data=DATA),
    st.builds(Icmp, kind=st.integers(0, 255), code=st.integers(0, 255), data=DATA),
    st.builds(Opaque, protocol=st.sampled_from((47, 50, 132)), data=DATA),
)
PACKETS = st.sampled_from((4, 16)).flatmap(
    lambda size: st.builds(
        Packet,
        source=st.binary(min_size=size, max_size=size),
        target=st.binary(min_size=size, max_size=size),
        ttl=st.integers(0, 255),
        segment=SEGMENTS,
    )
)


def rfc_1071(data: bytes) -> int:
    """The sum as the RFC writes it, to hold ours against."""
    total = 0
    for high, low in zip(data[::2], data[1::2] + b"\0" * (len(data) % 2), strict=True):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(st.binary(max_size=100))
def test_the_checksum_is_that_of_the_rfc(data: bytes) -> None:
    assert checksum(data) == rfc_1071(data)


@given(PACKETS)
def test_what_is_built_is_read_as_it_was(packet: Packet) -> None:
    assert parse(build(packet)) == packet


@given(PACKETS, st.binary(max_size=46))
def test_padding_after_the_packet_is_no_part_of_it(packet: Packet, padding: bytes) -> None:
    assert parse(build(packet) + padding) == packet


@given(PACKETS)
def test_every_checksum_is_right(packet: Packet) -> None:
    """A sum over data that holds its own checksum is zero."""
    data = build(packet)
    is_v4 = len(packet.source) == 4
    if is_v4:
        assert checksum(data[:20]) == 0
    body = data[20:] if is_v4 else data[40:]
    protocol = data[9] if is_v4 else data[6]
    pseudo = (
        packet.source + packet.target + len(body).to_bytes(4, "big") + protocol.to_bytes(4, "big")
    )
    match packet.segment:
        case Icmp() if is_v4:
            assert checksum(body) == 0
        case Tcp() | Udp() | Icmp():
            assert checksum(pseudo + body) == 0
        case Opaque():
            assert body == packet.segment.data


@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_read_or_refused_and_never_raise(data: bytes) -> None:
    parse(data)


@given(PACKETS, st.data())
def test_a_cut_packet_is_refused(packet: Packet, data: st.DataObject) -> None:
    whole = build(packet)
    assert parse(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


def test_a_fragment_is_passed_on_unread() -> None:
    packet = Packet(source=b"\x0b\0\0\1", target=b"\x0b\0\0\2", segment=Udp(source_port=1, port=2))
    data = bytearray(build(packet))
    data[6:8] = b"\x20\x00"  # more fragments
    read = parse(bytes(data))
    assert read is not None
    assert read.segment == Opaque(protocol=17, data=bytes(data[20:]))


def test_a_known_packet_reads_as_it_should() -> None:
    """A SYN of Linux, as it was seen on a wire."""
    data = bytes.fromhex(
        "4500003c1c4640004006b1e6c0a80068c0a80001"
        "d4310050000000010000000"
        "0a002faf0ffff0000020405b40402080a000000010000000001030307"
    )
    read = parse(data)
    assert read is not None
    assert isinstance(read.segment, Tcp)
    assert (read.segment.port, read.segment.flags, len(read.segment.options)) == (80, Flag.SYN, 20)


def test_an_ethernet_header_is_target_source_kind() -> None:
    header = ethernet("02:00:00:00:00:01", "02:ff:00:00:00:01", IPV6)
    assert header == bytes.fromhex("02000000000102ff0000000186dd")


@pytest.mark.parametrize("data", [b"", b"\x45", b"\x60" * 39, b"\x45\0\0\x13" + b"\0" * 16])
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    assert parse(data) is None
