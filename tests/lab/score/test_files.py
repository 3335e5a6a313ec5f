"""A score on the disk: JSON that reads back, pictures that are pictures, a sentence where it cannot be."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from probe.config.load import ConfigError
from probe.lab.score.files import save_score
from probe.lab.score.outcome import Outcome, Played, Row
from probe.lab.score.reliability import Reliability
from probe.lab.score.summary import Report, report
from probe.model import Cause

SAID = Outcome(
    expected=Cause.FILTERING, at=900, answered=(Cause.FILTERING,), shown=Cause.FILTERING,
    side_right=True, right=True,
)  # fmt: skip
FOUND = report([
    Played(
        name="made", seed=0, rows=(Row(name="made", seed=0, at=900, side_right=True, right=True),),
        outcomes=(SAID,), reliability=Reliability(),
    )
])  # fmt: skip


def test_the_score_reads_back_and_its_pictures_are_svg(tmp_path: Path) -> None:
    save_score(tmp_path / "new" / "folder", FOUND)
    saved = tmp_path / "new" / "folder"
    again = msgspec.json.decode((saved / "score.json").read_bytes(), type=Report)
    assert again.summary == FOUND.summary
    for name in ("reliability.svg", "confusion.svg"):
        assert ET.parse(saved / name).getroot().tag.endswith("svg")  # noqa: S314 — our own file


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match=r"taken: cannot be written .*--out"):
        save_score(tmp_path / "taken", FOUND)
