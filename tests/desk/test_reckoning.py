"""The numbers that are printed can be multiplied, and added, again."""

from __future__ import annotations

import math
import re

from probe.desk.reckoning import reckoned
from tests.desk.test_explain import filtered


def printed() -> list[str]:
    (held,) = filtered().weighed
    return list(reckoned(held))


def test_a_row_multiplies_to_its_product() -> None:
    rows = [line.split() for line in printed() if re.search(r"e[+-]\d\d +\d\.\d{4}$", line)]
    assert len(rows) == 7
    for row in rows:
        prior, raised, here, others, product = map(float, row[1:6])
        assert math.isclose((prior + raised) * math.exp(here + others), product, rel_tol=0.06)


def test_networks_add_up_to_their_country() -> None:
    (line,) = [line for line in printed() if "this country under" in line]
    *summands, whole = map(float, re.findall(r"[+-]\d+\.\d+", line))
    assert math.isclose(sum(summands), whole, abs_tol=0.02)


def test_a_cap_is_said_and_measurements_are_named() -> None:
    told = "\n".join(printed())
    assert "tls.reset_name +3.90 on its strongest sight: +3.9, once for the network" in told
    assert re.search(r"probe 1: tls_reset × \d+ \(\S+, \S+", told)
    assert "controls passed 5 of 5" in told
    assert "elsewhere the service answers since then, in 3: DE, JP, US" in told
