"""A recorded run goes to a file and back, and can be moved in time."""

from __future__ import annotations

import lzma
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from probe.config.load import ConfigError
from probe.lab.recording import Header, Recording, load, save, shifted
from probe.model import DnsLookup, Measurement, Target, Vantage

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def measurement(name: str, after: float) -> Measurement:
    at = AT + timedelta(seconds=after)
    return Measurement(
        id=name,
        at=at,
        took=0.1,
        vantage=Vantage(id="us-as1-1", country="US", asn=1),
        target=Target(service="s", feature="f", endpoint="e"),
        observations=(DnsLookup(at=at, took=0.05, name="example.com"),),
    )


FIRST, SECOND = measurement("b", 0), measurement("a", 1)


@pytest.mark.parametrize(
    ("name", "start"),
    [("run.jsonl", b'{"scenario":"demo"'), ("run.jsonl.xz", b"\xfd7zXZ"), ("run.gz", b"\x1f\x8b")],
)
def test_a_recording_comes_back_in_order_of_time(tmp_path: Path, name: str, start: bytes) -> None:
    path = tmp_path / name
    header = Header(scenario="demo", began=AT)
    save(path, Recording(header=header, measurements=(SECOND, FIRST)))
    assert load(path) == Recording(header=header, measurements=(FIRST, SECOND))
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize(
    "content", [b"", b"not xz", lzma.compress(b""), lzma.compress(b"{}\n"), lzma.compress(b"[1")]
)
def test_what_is_no_recording_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.jsonl.xz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.jsonl\.xz: not a recorded run"):
        load(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.xz"):
        load(tmp_path / "gone.xz")


def test_moving_keeps_everything_but_the_times() -> None:
    (moved,) = shifted([FIRST], timedelta(days=3))
    assert moved.at == AT + timedelta(days=3)
    assert moved.observations[0].at == AT + timedelta(days=3)
    assert (moved.id, moved.vantage, moved.took) == (FIRST.id, FIRST.vantage, FIRST.took)
    assert shifted([moved], -timedelta(days=3)) == (FIRST,)
