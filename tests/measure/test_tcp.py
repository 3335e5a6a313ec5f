"""The TCP step."""

from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.model import DifferentialTest
from tests.measure.test_dial import free_port
from tests.measure.world import World, hang


async def test_a_connection_and_its_source_port(world: World) -> None:
    port = await world.server(hang)
    mark = Mark(2, DifferentialTest.NEUTRAL_NAME)
    seen, stream = await connect("127.0.0.1", port, world.tools(), mark)
    assert stream
    assert (seen.failure, seen.address, seen.port) == (None, "127.0.0.1", port)
    assert (seen.source_port, seen.hop, seen.test) == (stream.source_port, mark.hop, mark.test)
    stream.close()


async def test_a_refusal(world: World) -> None:
    seen, stream = await connect("127.0.0.1", free_port(), world.tools(), Mark())
    assert stream is None
    assert seen.failure
    assert (seen.failure.name, seen.failure.errno) == ("connection_refused", 111)


async def test_a_private_address_is_never_connected_to(world: World) -> None:
    port = await world.server(hang)
    world.set(allow_private=())
    seen, stream = await connect("127.0.0.1", port, world.tools(), Mark())
    assert stream is None
    assert seen.failure
    assert seen.failure.name == "dns_bogon_error"
