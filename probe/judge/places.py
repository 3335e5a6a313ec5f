"""What a country is called in a sentence."""

from __future__ import annotations

from probe.model.country import NAMES


def country(code: str) -> str:
    """Name a country; a code that is unknown stands for itself."""
    return NAMES.get(code.upper(), code)
