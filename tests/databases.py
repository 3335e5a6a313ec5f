"""Small MaxMind-format databases, written as the big ones are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

Record = Mapping[str, str | int]


def written(path: Path, networks: Mapping[str, Record], version: int = 6) -> Path:
    """Write one, and put it in its place in one step, as a careful updater does."""
    writer = MMDBWriter(version, "Test-ASN", ipv4_compatible=version == 6)
    for prefix, record in networks.items():
        writer.insert_network(IPSet([prefix]), dict(record))
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    fresh.replace(path)
    return path


def network(number: int, organisation: str) -> Record:
    """A record as MaxMind and DB-IP write it."""
    return {
        "autonomous_system_number": number,
        "autonomous_system_organization": organisation,
    }
