"""What a country is called in a sentence."""

from __future__ import annotations

from babel import Locale

_CLDR = Locale("en").territories
_SAID = {
    "AE": "the United Arab Emirates",
    "CD": "DR Congo",
    "CG": "Congo",
    "GB": "the United Kingdom",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "NL": "the Netherlands",
    "PH": "the Philippines",
    "US": "the United States",
}
"""Where a sentence wants an article, or less than the locale's table says."""


def country(code: str) -> str:
    """Name a country; a code that is unknown stands for itself."""
    upper = code.upper()
    return _SAID.get(upper) or _CLDR.get(upper, code)
