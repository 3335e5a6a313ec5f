"""What a verdict about connectivity itself rests on: probe hosts' controls, silence, and who still reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product

import msgspec

from probe.desk.numbering import Numbers
from probe.judge.health import UNWELL, Condition, Health
from probe.judge.hypothesis.connectivity import (
    MEASURED,
    MOST_MEASURED,
    PRIOR_COUNTRY,
    PRIOR_NETWORK,
)
from probe.judge.hypothesis.departure import ALONE, PRIOR_VANTAGE, Fall, fall, most_at_once
from probe.judge.hypothesis.severed import SENTENCES
from probe.judge.view import View
from probe.model import Cause, Reach, Verdict

NETWORK, COUNTRY = "the network", "the country"


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One probe host of the country."""

    asn: int
    probe: int
    """Its number in its network: ids of probe hosts are not shown."""
    condition: str
    sentence: str
    since: datetime | None
    heard: datetime | None
    """Its latest measurement."""
    measured: bool
    """Its trouble is told by its own controls, and not by silence alone."""
    foreign_passed: int
    foreign: int
    """Its newest looks at each of its foreign controls."""
    domestic_passed: int
    domestic: int
    lost: int
    tries: int
    """Of its tries abroad in the window, those that failed, and all."""


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """A disruption of all the lost ones, against as many mishaps: the factors."""

    lost: int
    """Probe hosts, of the network or of all networks that one cause may have taken."""
    by_itself: float
    """P(one probe host is lost)."""
    place: float
    """P(the network, or the country, is lost)."""
    of: str
    measured: int
    """How many of them count as measured."""
    nats: float
    """What each of those adds."""
    fading: float
    """Nats that are lost because they were not lost at once."""
    support: float
    """Odds / (1 + odds)."""


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    network: int
    """AS number; 0 for the country as a whole."""
    hosts: tuple[Host, ...]
    elsewhere: dict[str, int]
    """Country → probe hosts that report and are not unwell."""
    odds: Odds | None
    """None where no more than one probe host is lost, or something shared explains it."""
    shared: tuple[str, ...]
    rounds: int


def connected(
    verdict: Verdict, healths: Mapping[str, Health], view: View, numbers: Numbers
) -> Connected:
    """Gather what the verdict of a country, or of one of its networks, rests on."""
    here = [h for h in healths.values() if h.vantage.country == verdict.country]
    mine = [h for h in here if verdict.network in {0, h.vantage.asn}]
    well = [h for h in healths.values() if h not in here and h.condition not in UNKNOWABLE]
    hosts = sorted((_host(h, view, numbers) for h in mine), key=lambda h: (h.asn, h.probe))
    return Connected(
        network=verdict.network, hosts=tuple(hosts), rounds=verdict.rounds, shared=verdict.shared,
        elsewhere=dict(sorted(Counter(h.vantage.country for h in well).items())),
        odds=None if verdict.shared else _odds(verdict, mine, here, view),
    )  # fmt: skip


UNKNOWABLE = UNWELL | {Condition.UNKNOWN}


def _host(health: Health, view: View, numbers: Numbers) -> Host:
    foreign = [s.met for s in health.controls if s.target.feature == Reach.FOREIGN]
    domestic = [s.met for s in health.controls if s.target.feature != Reach.FOREIGN]
    return Host(
        asn=health.vantage.asn, probe=numbers.get(health.vantage.id, 0), since=health.since,
        condition=health.condition.value, sentence=SENTENCES[health.condition],
        heard=view.heard.get(health.vantage.id), measured=health.shown,
        foreign_passed=sum(foreign), foreign=len(foreign),
        domestic_passed=sum(domestic), domestic=len(domestic),
        lost=sum(not sight.met for sight in health.abroad), tries=len(health.abroad),
    )  # fmt: skip


def _odds(
    verdict: Verdict, mine: Sequence[Health], here: Sequence[Health], view: View
) -> Odds | None:
    """The factors that give the verdict's own support; None where no such ones do.

    `mine`: of its network, or of all its country, as `here` is.
    """
    support = verdict.support[Cause.NETWORK_DISRUPTION]
    places = (NETWORK, PRIOR_NETWORK), (COUNTRY, PRIOR_COUNTRY)
    falls = _falls(mine, here, view)
    for fallen, (place, prior), measured in product(falls, places, range(MOST_MEASURED, -1, -1)):
        nats = math.log(prior) + fallen.weight + MEASURED * measured
        if math.isclose(1 / (1 + math.exp(-nats)), support, rel_tol=1e-9):
            count = len(fallen.lost)
            return Odds(
                lost=count, by_itself=PRIOR_VANTAGE, place=prior, of=place, measured=measured,
                nats=MEASURED, fading=count * ALONE - fallen.weight, support=support,
            )  # fmt: skip
    return None


def _falls(mine: Iterable[Health], here: Iterable[Health], view: View) -> Iterator[Fall]:
    """Whom one cause may have taken: of the network, of the country, and of parts of its networks."""
    for healths in (mine, here):
        lost = [h for h in healths if h.condition in UNWELL]
        yield fall(lost, view)
        at_once = tuple(most_at_once(lost, view))
        yield Fall(lost=at_once, weight=len(at_once) * ALONE)
