"""Ours and theirs, mixed; a bad line is refused alone."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from probe.desk.reading import Refused, read
from probe.model import Measurement, Paired
from probe.transport import wire
from tests.desk import small
from tests.interop import made as m
from tests.judge import worlds as w

NOW = w.START + timedelta(days=30)


def written(tmp_path: Path, *lines: bytes) -> Path:
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def test_ours_and_theirs_come_out_of_one_file(tmp_path: Path) -> None:
    ours = small.measurements()[0]
    file = written(tmp_path, wire.line(ours), m.encoded(m.well()), wire.line(ours))
    assert [type(item) for item in read([file], {}, NOW)] == [Measurement, Paired, Measurement]


def test_a_bad_line_is_refused_alone_with_its_place_and_reason(tmp_path: Path) -> None:
    ours = wire.line(small.measurements()[0])
    file = written(
        tmp_path, ours, b"{broken", b'{"id":"x"}', m.encoded(m.well() | {"test_keys": None}), ours,
        ours.replace(b'"chirp"', rb'"\u001b[2J"'), re.sub(rb'"asn":\d+', b'"asn":-1', ours),
    )  # fmt: skip
    found = list(read([file], {}, NOW))
    refused = [item for item in found if isinstance(item, Refused)]
    assert len(found) - len(refused) == 2
    assert [(r.line, r.reason) for r in refused] == [
        (2, "malformed_json"), (3, "missing_field"), (4, "no_test_keys"),
        (6, "control_character"), (7, "out_of_range"),
    ]  # fmt: skip
    assert all(r.file == str(file) and r.sentence for r in refused)


@pytest.mark.parametrize("joint", [b"", b",", b"\n"], ids=["one", "list", "one after another"])
def test_measurements_spread_over_lines_are_read(tmp_path: Path, joint: bytes) -> None:
    ours = small.measurements()[:3] if joint else small.measurements()[:1]
    spread = joint.join(msgspec.json.format(wire.line(one), indent=2) for one in ours)
    file = written(tmp_path, b"[\n" + spread + b"]" if joint == b"," else spread)
    assert tuple(read([file], {}, NOW)) == ours


def test_the_heading_of_a_recording_is_no_fault(tmp_path: Path) -> None:
    heading = b'{"scenario":"total-outage","began":"2026-03-01T12:00:00Z"}'
    file = written(tmp_path, heading, wire.line(small.measurements()[0]))
    assert Counter(type(item) for item in read([file], {}, NOW)) == {Measurement: 1}


def test_a_file_that_breaks_off_is_one_refusal(tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    whole = gzip.compress(wire.encode(small.measurements()))
    file.write_bytes(whole[: len(whole) // 2])
    found = list(read([file], {}, NOW))
    assert [r.reason for r in found if isinstance(r, Refused)][-1] == "broken_file"
    assert isinstance(found[0], Measurement)


def test_clocks_that_were_never_set_or_run_ahead_are_refused(tmp_path: Path) -> None:
    ours = small.measurements()[0]
    old = msgspec.structs.replace(ours, at=datetime(1970, 1, 1, tzinfo=UTC))
    ahead = msgspec.structs.replace(ours, at=NOW + timedelta(hours=2))
    theirs = m.encoded(m.well() | {"measurement_start_time": "9999-12-31 23:59:59"})
    file = written(tmp_path, wire.line(old), wire.line(ahead), theirs)
    reasons = [item.reason for item in read([file], {}, NOW) if isinstance(item, Refused)]
    assert reasons == ["time_too_old", "time_in_future", "time_out_of_range"]
