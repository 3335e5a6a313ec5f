"""What a scrape may cost the event loop; the best of a few tries, for the machine may have other work."""

import pytest

from tests.bench import scrape

TRIES = 5


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize(("series", "most_ms"), [(10_000, 20), (100_000, 100)])
async def test_a_scrape_leaves_the_loop_its_turns(
    series: int, most_ms: float, coding: str
) -> None:
    held = scrape.of_size(series)
    assert scrape.lines(held) == pytest.approx(series, rel=0.01)
    gaps: list[float] = []
    while len(gaps) < TRIES and min(gaps, default=most_ms + 1) > most_ms:
        gap, _ = await scrape.scraped(held, coding, 1)
        gaps.append(gap)
    assert min(gaps) <= most_ms
