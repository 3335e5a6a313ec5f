"""What a country is called in a sentence."""

from __future__ import annotations

from babel import Locale

_CLDR = Locale("en").territories
_SAID = {
    "CD": "DR Congo",
    "CG": "Congo",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
}
"""Where a sentence wants less than the locale's table says."""
_WITH_ARTICLE = frozenset({
    "AE", "AX", "BQ", "BS", "CC", "CF", "CK", "DO", "FK", "FO", "GB", "GM", "IC", "IM", "IO", "KM",
    "KY", "MH", "MP", "MV", "NL", "PH", "PN", "PS", "SB", "SC", "TC", "TF", "UM", "US", "VG", "VI",
})  # fmt: skip
"""Those whose names are plurals, or of islands, kingdoms, republics and the like."""


def country(code: str) -> str:
    """Name a country; a code that is unknown stands for itself."""
    upper = code.upper()
    name = _SAID.get(upper) or _CLDR.get(upper, code)
    return f"the {name}" if upper in _WITH_ARTICLE else name
