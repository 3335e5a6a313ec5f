"""A handshake over QUIC: what it says of who answers, and how it ends where somebody is hostile."""

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest
import trustme
from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.packet import (
    QuicHeader,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.measure.failure import (
    BOGON,
    FAILED_HANDSHAKE,
    INCOMPATIBLE_VERSION,
    INVALID_CERTIFICATE,
    INVALID_HOSTNAME,
    REFUSED,
    TIMEOUT,
    UNKNOWN_AUTHORITY,
    StepError,
    of_close,
)
from probe.measure.quic import MOST_DATAGRAMS, Shaking, shake
from probe.measure.step import Mark
from probe.measure.tls import Peer
from probe.model import DifferentialTest, QuicHandshake
from probe.reference.quic import configuration
from tests.measure.speaking import PATIENCE, answering, for_names, speaking
from tests.measure.world import World, common_port

NAME = "site.test"
MARK = Mark(1, DifferentialTest.QUIC)


async def visit(
    world: World, port: int, name: str = NAME, *, verify: bool = True
) -> QuicHandshake:
    return await shake(Peer("127.0.0.1", port, name), world.tools(), MARK, verify=verify)


def named(seen: QuicHandshake) -> str:
    return seen.failure.name if seen.failure else ""


async def test_hands_are_shaken_and_what_was_presented_is_kept(world: World) -> None:
    port, _ = await speaking(world, NAME)
    seen = await visit(world, port)
    assert (seen.failure, seen.version, seen.alpn, seen.server_name) == (None, "1", "h3", NAME)
    assert (seen.address, seen.port, seen.hop, seen.test) == ("127.0.0.1", port, 1, MARK.test)
    assert seen.chain[0].names == (NAME,)


async def test_a_certificate_is_judged_as_over_tcp(world: World) -> None:
    port, _ = await speaking(world, "other.test")
    wrong = await visit(world, port)
    assert (named(wrong), wrong.failure and wrong.failure.verify) == (INVALID_HOSTNAME, 62)
    assert wrong.chain[0].names == ("other.test",)
    taken = await visit(world, port, verify=False)
    assert taken.failure is None


async def test_a_stranger_among_authorities_is_named_first(world: World) -> None:
    stranger = trustme.CA().issue_cert("other.test")
    pem = stranger.private_key_and_cert_chain_pem.bytes()
    port, _ = await speaking(world, wanted=configuration(pem, pem, PATIENCE))
    seen = await visit(world, port)
    assert (named(seen), seen.failure and seen.failure.verify) == (UNKNOWN_AUTHORITY, 20)


async def test_what_has_run_out_is_told_by_its_number(world: World) -> None:
    import datetime as dt  # noqa: PLC0415 — for one certificate

    past = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    pem = world.authority.issue_cert(NAME, not_after=past).private_key_and_cert_chain_pem.bytes()
    port, _ = await speaking(world, wanted=configuration(pem, pem, PATIENCE))
    seen = await visit(world, port)
    assert (named(seen), seen.failure and seen.failure.verify) == (INVALID_CERTIFICATE, 10)


async def test_a_private_address_is_not_spoken_to(world: World) -> None:
    port, _ = await speaking(world, NAME)
    world.set(allow_private=())
    assert named(await visit(world, port)) == BOGON


async def test_nobody_at_the_port_is_a_refusal(world: World) -> None:
    assert named(await visit(world, common_port())) == REFUSED


async def test_who_speaks_another_protocol_refuses_by_an_alert(world: World) -> None:
    wanted = for_names(world, NAME)
    wanted.alpn_protocols = ["hq"]
    port, _ = await speaking(world, wanted=wanted)
    seen = await visit(world, port)
    assert named(seen) == FAILED_HANDSHAKE
    assert seen.failure is not None
    assert seen.failure.alert in {40, 120}  # by the version of aioquic


async def test_who_speaks_the_second_version_alone_is_met_in_it(world: World) -> None:
    wanted = for_names(world, NAME)
    wanted.supported_versions = wanted.supported_versions[1:]
    port, _ = await speaking(world, wanted=wanted)
    seen = await visit(world, port)
    assert (seen.failure, seen.version) == (None, "2")


def header(data: bytes) -> QuicHeader:
    return pull_quic_header(Buffer(data=data), host_cid_length=8)


def versions(*numbers: int) -> object:
    def answer(data: bytes) -> Iterable[bytes]:
        told = header(data)
        negotiation = encode_quic_version_negotiation(
            source_cid=told.destination_cid,
            destination_cid=told.source_cid,
            supported_versions=list(numbers),
        )
        return [negotiation] * 20

    return answer


def retries(data: bytes) -> Iterable[bytes]:
    told = header(data)
    again = encode_quic_retry(
        version=1,
        source_cid=os.urandom(8),
        destination_cid=told.source_cid,
        original_destination_cid=told.destination_cid,
        retry_token=b"again",
    )
    return [again] * 3


HOSTILE = {
    "nothing": (lambda _: (), TIMEOUT),
    "garbage": (lambda _: [os.urandom(1200)], TIMEOUT),
    "empty": (lambda _: [b""] * 3, TIMEOUT),
    "oversized": (lambda data: [data + bytes(60_000)], TIMEOUT),
    "its own words": (lambda data: [data] * 3, TIMEOUT),
    "no version of ours": (versions(0x1A2A3A4A), INCOMPATIBLE_VERSION),
    "our version, which is absurd": (versions(1), TIMEOUT),
    "retries without end": (retries, TIMEOUT),
    "a flood": (lambda _: [os.urandom(40)] * (MOST_DATAGRAMS + 200), FAILED_HANDSHAKE),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_whatever_comes_ends_with_a_name_and_in_time(name: str, world: World) -> None:
    sending, failure = HOSTILE[name]
    world.set(tls_timeout=Seconds(1.5))
    seen = await visit(world, await answering(world, sending))  # type: ignore[arg-type]
    assert named(seen) == failure
    assert (seen.chain, seen.version) == ((), "")
    assert seen.took < 5


PEER = Peer("192.0.2.1", 443, NAME)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=1500), max_size=8))
def test_bytes_of_any_kind_are_borne(datagrams: list[bytes]) -> None:
    fed(datagrams)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_packets_that_were_bent_are_borne(data: st.DataObject) -> None:
    """What looks like a packet, with some of its bytes changed."""
    began = Shaking(PEER)
    began.begin(0.0)
    packet = bytearray(began.send(0.0)[0])
    for _ in range(data.draw(st.integers(1, 6))):
        packet[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    fed([bytes(packet)])


def fed(datagrams: Iterable[bytes]) -> None:
    shaking = Shaking(PEER)
    shaking.begin(0.0)
    for number, datagram in enumerate(datagrams):
        try:
            shaking.feed(datagram, number / 10)
        except StepError:
            return
        assert len(shaking.send(number / 10)) < 10
    assert shaking.shaken is None


@pytest.mark.parametrize(
    ("code", "name", "alert"),
    [
        (0x02, REFUSED, None),
        (0x0A, FAILED_HANDSHAKE, None),
        (0x100 + 40, FAILED_HANDSHAKE, 40),
        (0x100 + 112, INVALID_HOSTNAME, 112),
        (0x200, FAILED_HANDSHAKE, None),
    ],
)
def test_a_close_is_named_by_its_code(code: int, name: str, alert: int | None) -> None:
    failure = of_close(code, "").failure
    assert (failure.name, failure.alert) == (name, alert)
    assert failure.detail


def test_an_agent_that_speaks_no_quic_never_loads_it() -> None:
    asked = "import sys, probe.agent.root; sys.exit('aioquic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0  # noqa: S603 — our own words
