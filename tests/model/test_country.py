"""Every code is two capital letters, and stands for one country."""

import re

from probe.judge.places import country
from probe.model.country import CODES, UNKNOWN


def test_codes_are_codes_and_each_has_a_name_of_its_own() -> None:
    assert all(re.fullmatch("[A-Z]{2}", code) for code in CODES)
    assert len(CODES) == 250
    assert len({country(code) for code in CODES} - CODES) == 250
    assert {"TR", "GB", "US", "NG", "XK"} <= CODES


def test_what_is_mistaken_for_a_code_is_none() -> None:
    assert not {"UK", "EU", "EL", UNKNOWN} & CODES
