"""A score as JSON and pictures in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from probe.config.load import ConfigError
from probe.lab.score import drawing
from probe.lab.score.quiet import QuietReport
from probe.lab.score.summary import Report
from probe.lab.score.table import columns

SCALE = "believed and right, in bins of equal mass"


def text(found: Report | QuietReport) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


def save_score(folder: Path, found: Report) -> None:
    """Write score.json, reliability.svg and confusion.svg; raises ConfigError."""
    both = {
        "something said or true": found.reliability_told,
        "filtering": found.reliability_filtering,
    }
    _save(
        folder,
        {
            "score.json": text(found),
            "reliability.svg": drawing.reliability(f"Reliability: {SCALE}", both),
            "confusion.svg": drawing.confusion(
                "Expected causes (rows) and answered ones", found.confusion, columns(found)
            ),
        },
    )


def save_quiet(folder: Path, found: QuietReport) -> None:
    """Write quiet.json and reliability.svg; raises ConfigError."""
    series = {"all cells": found.reliability, "something said": found.reliability_told}
    picture = drawing.reliability(f"Quiet weeks: {SCALE}", series)
    _save(folder, {"quiet.json": text(found), "reliability.svg": picture})


def _save(folder: Path, contents: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"{folder}: cannot be written ({reason}); name another by --out"
        ) from error
