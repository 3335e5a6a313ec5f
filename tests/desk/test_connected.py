"""What is said of connectivity rests on controls, silence and who still reports."""

from __future__ import annotations

import math
from functools import lru_cache

from probe.desk.recount import text
from probe.model import Cause, Measurement
from tests.desk import small
from tests.desk.test_explain import explained
from tests.judge import worlds as w

CUT = w.Event(at=20, maker=w.cut_off, countries=("TR",), controls=True)
LONE = w.Event(at=20, maker=w.unplugged, vantages=("tr-47330-0",), controls=True)


@lru_cache
def told(event: w.Event) -> str:
    return "\n".join(text(explained(*struck(event))))


def struck(event: w.Event) -> tuple[Measurement, ...]:
    world = w.World(events=(event,), roster=small.ROSTER, services=(small.SERVICE,))
    return small.wired(made for _, made in w.arrivals(world, 60))


def test_a_disruption_shows_its_hosts_who_reports_elsewhere_and_its_odds() -> None:
    (held,) = explained(*struck(CUT)).weighed
    found = held.connected
    assert found is not None
    assert held.leading is Cause.NETWORK_DISRUPTION
    assert [(host.asn, host.probe) for host in found.hosts] == [(47330, 1), (47330, 2), (47331, 1)]
    assert all(host.foreign_passed == 0 < host.foreign for host in found.hosts)
    assert found.elsewhere == {"DE": 2, "JP": 2, "US": 2}
    odds = found.odds
    assert odds is not None
    nats = odds.nats * odds.measured - odds.fading
    reckoned = odds.place / odds.by_itself**odds.lost * math.exp(nats)
    assert math.isclose(reckoned / (1 + reckoned), held.causes[0].support)


def test_it_is_told_in_words_and_by_no_helper() -> None:
    assert "TR, by controls and silence" in told(CUT)
    assert "meanwhile 6 probes report well from 3: DE 2, JP 2, US 2" in told(CUT)
    assert "paired" not in told(CUT)
    assert "written by nobody" not in told(CUT)


def test_one_probe_alone_has_no_odds() -> None:
    assert "no more than a probe by itself is lost" in told(LONE)


def test_lone_probes_of_networks_that_are_lost_together_count_together() -> None:
    silent = w.Event(at=20, maker=w.unplugged, countries=("DE",), controls=True, sending=False)
    held = explained(*struck(silent))
    assert held.incident.cause is Cause.NETWORK_DISRUPTION
    for found in (weighed.connected for weighed in held.weighed):
        assert found is not None
        assert found.odds is not None
        assert (found.odds.of, found.odds.lost) == ("the country", 2)
