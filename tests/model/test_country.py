"""Every code is two capital letters, and stands for one country."""

import re

from probe.model.country import NAMES, UNKNOWN


def test_codes_are_codes_and_names_are_names() -> None:
    assert all(re.fullmatch("[A-Z]{2}", code) for code in NAMES)
    assert len(set(NAMES.values())) == len(NAMES) == 250
    assert {"TR", "GB", "US", "NG", "XK"} <= NAMES.keys()


def test_what_is_mistaken_for_a_code_is_none() -> None:
    assert not {"UK", "EU", "EL", UNKNOWN} & NAMES.keys()
