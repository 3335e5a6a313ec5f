"""The small world of the tests of measuring, for handshakes with a server of ours."""

from tests.measure.conftest import authority, world

__all__ = ["authority", "world"]
