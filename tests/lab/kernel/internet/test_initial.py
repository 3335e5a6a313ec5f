"""A client's first packet in QUIC is read as anybody on the path can read it."""

from __future__ import annotations

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.hello import name_in
from probe.lab.kernel.internet.initial import VERSIONS, pieces

NAME = "www.example.com"


def first(name: str = NAME, version: int = 1, protocols: int = 1) -> list[bytes]:
    """The first flight of a client of somebody else's making."""
    wanted = QuicConfiguration(
        server_name=name,
        alpn_protocols=[f"{'p' * 200}{n}" for n in range(protocols)],
        supported_versions=[version],
    )
    client = QuicConnection(configuration=wanted)
    client.connect(("192.0.2.1", 443), 0.0)
    return [data for data, _ in client.datagrams_to_send(0.0)]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_name_is_read_in_both_versions(version: int) -> None:
    (datagram,) = first(version=version)
    ((offset, hello),) = pieces(datagram)
    assert (offset, name_in(hello)) == (0, NAME)


def test_a_long_hello_comes_in_pieces() -> None:
    flight = first(protocols=10)
    told = [piece for datagram in flight for piece in pieces(datagram)]
    assert len(flight) > 1
    assert [offset for offset, _ in told] == sorted({offset for offset, _ in told})
    assert name_in(b"".join(data for _, data in told)) == NAME


@given(st.data())
def test_what_was_bent_is_no_packet(data: st.DataObject) -> None:
    (datagram,) = first()
    at = data.draw(st.integers(0, 600))  # past the packet there is padding
    other = data.draw(st.integers(1, 255))
    bent = datagram[:at] + bytes((datagram[at] ^ other,)) + datagram[at + 1 :]
    assert pieces(bent) == ()


@given(
    st.binary(max_size=100),
    st.sampled_from([b"", b"\xc3\0\0\0\1\x08", b"\xd3\x6b\x33\x43\xcf\x08"]),
)
def test_bytes_of_any_kind_say_nothing(data: bytes, head: bytes) -> None:
    assert pieces(head + data) == ()


@pytest.mark.parametrize("cut", [0, 1, 5, 20, 300, 600])
def test_what_is_cut_off_says_nothing(cut: int) -> None:
    (datagram,) = first()
    assert pieces(datagram[:cut]) == ()
