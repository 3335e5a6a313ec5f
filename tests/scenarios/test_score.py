"""A day of each kind in virtual time: the side is right, and nothing is confirmed as filtering that is none.

`probe lab score` plays the whole library under ten seeds.
"""

from __future__ import annotations

import pytest

from probe.lab.score import batch, fleet, simulated
from probe.lab.score.chosen import chosen
from probe.lab.score.summary import Report, report

SAMPLE = (
    "tw-2022-12-28", "cloudflare-2022-06-21", "akamai-2021-07-22", "mm-2021-02-05-bgp",
    "ve-2024-11-23", "ru-2021-03-10", "sanctions-geoblock", "ga-2023-08-26",
    "pair-tr-2023-02-08-tw-2023-02-08-limit", "syn-half-resolver", "quiet-day",
)  # fmt: skip
SEEDS = 1
AT = (60, 300, 900)
MOST_FALSE = 0


@pytest.fixture(scope="module")
def scored() -> Report:
    scenarios, refused = chosen(SAMPLE)
    jobs = fleet.cores()
    todo = batch.lots(scenarios, SEEDS, AT, jobs)
    played = fleet.each(simulated.play, todo, jobs, lambda _: None)
    return report([one for held in played for one in held], refused)


def test_every_scenario_is_one(scored: Report) -> None:
    assert scored.refused == ()
    assert {row.name for row in scored.scenarios} == set(SAMPLE)


def test_a_quarter_of_an_hour_after_the_onset_the_side_is_right(scored: Report) -> None:
    wrong = [row for row in scored.scenarios if row.at == AT[-1] and not row.side_right]
    assert not wrong


def test_nothing_is_falsely_confirmed_as_filtering(scored: Report) -> None:
    last = scored.summary[str(AT[-1])]
    assert last.false_filtering <= MOST_FALSE, scored.false_filtering
