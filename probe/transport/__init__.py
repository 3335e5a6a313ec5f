"""Bytes to measurements and back, the durable queue, the push, the intake."""
