"""What all other countries say together: summed once, and asked about again and again.

An outage of the service reaches many countries, everything else one. How well each kind of what
reaches several explains what a country saw stands side by side with all others in the lanes of one
whole number, in fixed point: to add two such numbers adds every lane of theirs, and exactly. So no
order of the countries changes a sum, and a country is taken out of it as it was put in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add
from struct import Struct

import msgspec

from probe.judge.hypothesis.causes import (
    BARRED_BREADTH,
    BREADTH,
    MOST_REFUSED,
    PRIOR,
    REFUSED_BREADTH,
    REFUSES,
    Form,
)
from probe.judge.hypothesis.likelihood import (
    COMMON_FORMS,
    NAUGHT,
    SERVICE_FORMS,
    WORDED,
    Country,
    explain,
    log_sum,
)
from probe.model import Cause

Around = int
"""What others say, in lanes: log-probability under each of KINDS, then if each is by itself."""
NOBODY: Around = 0

_OUTAGE = Cause.SERVICE_OUTAGE
ALONE = (
    Cause.OK, Cause.LOCAL_FAULT, Cause.NETWORK_DISRUPTION, Cause.FILTERING, Cause.THROTTLING,
    Cause.GEO_BLOCK,
)  # fmt: skip
"""Causes that are a country's own."""

# ── kinds of what reaches several ────────────────────────────────────────────────────────────


class Kind(msgspec.Struct, frozen=True, eq=False):
    """A form, and the share of the countries that it reaches."""

    form: int
    """Index of COMMON_FORMS."""
    prior: float
    """In logs, as all of these; an outage's is beside P(an outage)."""
    hit: float
    spared: float


def _kinds(form: int, prior: float, breadths: tuple[tuple[float, float], ...]) -> list[Kind]:
    return [
        Kind(form, prior + math.log(weight), math.log(reach), math.log(1 - reach))
        for reach, weight in breadths
    ]


def _breadths(form: Form) -> tuple[tuple[float, float], ...]:
    """How wide an outage of this form is; in a refusal's words one is never narrow."""
    return tuple(b for b in BREADTH if form.name != "refusal" or b[0] > MOST_REFUSED)


_EVERY = [
    kind
    for index, form in enumerate(SERVICE_FORMS)
    for kind in _kinds(index, math.log(form.share), _breadths(form))
]
_NARROWEST = min(kind.hit for kind in _EVERY)
NARROW = tuple(kind for kind in _EVERY if kind.hit == _NARROWEST)
OUTAGE_KINDS = (*NARROW, *[kind for kind in _EVERY if kind.hit > _NARROWEST])
_PLAIN = [form.name for form in SERVICE_FORMS].index("refusal")
REFUSAL_KINDS = (
    *_kinds(_PLAIN, math.log(REFUSES), REFUSED_BREADTH),
    *_kinds(COMMON_FORMS.index(WORDED), math.log(REFUSES), BARRED_BREADTH),
)
"""Of several countries; the prior is whole. A plain one's words are those of an outage that refuses:
how many countries hear them is all that tells the two apart."""
KINDS = (*OUTAGE_KINDS, *REFUSAL_KINDS)
BARRING = REFUSAL_KINDS[-len(BARRED_BREADTH) :]
"""Refusals that nobody takes for an outage."""

# ── what one country says ────────────────────────────────────────────────────────────────────

UNIT = 2.0**-32
"""Nats of one step of a lane; it reaches as far as two thousand million of them."""
FAR = 300.0
"""Nats between explanations up to which the products of two odds are numbers that a float holds."""
_BITS = 64
BELIEFS = 6.0
"""Nats by which what was believed beforehand shifts one explanation against another, at most."""


class Odds(msgspec.Struct, frozen=True, eq=False):
    """As `Told`, in plain numbers, beside what a country says if nothing reaches it from elsewhere."""

    alone: tuple[float, ...]
    struck: tuple[float, ...]
    refused: tuple[float, ...]
    narrow: float


class Told(msgspec.Struct, frozen=True, eq=False):
    """What a country's own sights say, whatever is seen elsewhere; in logs."""

    alone: tuple[float, ...]
    """Under each of ALONE."""
    struck: tuple[float, ...]
    """Under each of OUTAGE_KINDS that reaches it, with its prior."""
    refused: tuple[float, ...]
    """The same of REFUSAL_KINDS."""
    narrow: float
    """Under a narrow outage of any form that reaches it."""
    idle: float
    """Of what looks well, the share in which every network has passing trouble; no log."""
    least: int
    """Steps by which others may speak against a kind, beside each by itself, before that kind changes
    no digit of what is thought of this one."""
    odds: Odds | None
    """None where they are too far apart for plain numbers."""
    lanes: Around
    """What it adds as another's outside."""


_ALONE = tuple(math.log(PRIOR[cause]) for cause in ALONE)


@lru_cache(maxsize=32768)
def told(country: Country) -> Told:
    seen = explain(country)
    alone, forms = tuple([seen.alone[cause] for cause in ALONE]), seen.service
    calm = log_sum(list(map(add, _ALONE, alone)))
    struck = [kind.prior + kind.hit + forms[kind.form] for kind in KINDS]
    either = [_either(kind.hit + forms[kind.form], kind.spared + calm) for kind in KINDS]
    outages, refused = tuple(struck[: len(OUTAGE_KINDS)]), tuple(struck[len(OUTAGE_KINDS) :])
    narrow = log_sum(struck[: len(NARROW)])
    return Told(
        alone=alone, struck=outages, refused=refused, narrow=narrow,
        idle=math.exp(min(0.0, seen.nothing_works - seen.alone[Cause.OK])),
        least=round((NAUGHT + BELIEFS + max(0.0, max(struck) - calm)) / UNIT),
        odds=_odds(calm, alone, outages, refused, narrow) if max(struck) - calm < FAR else None,
        lanes=_packed([*either, calm]),
    )  # fmt: skip


def _odds(
    calm: float,
    alone: Sequence[float],
    struck: Sequence[float],
    refused: Sequence[float],
    narrow: float,
) -> Odds:
    own, hit, words = (
        tuple([math.exp(log - calm) for log in logs]) for logs in (alone, struck, refused)
    )
    return Odds(own, hit, words, math.exp(narrow - calm))


def _either(one: float, other: float) -> float:
    """Log of e^one + e^other."""
    more, less = (one, other) if one > other else (other, one)
    return more + math.log1p(math.exp(less - more))


def _packed(lanes: list[float]) -> Around:
    return sum(round(value / UNIT) << _BITS * place for place, value in enumerate(lanes))


# ── what all say together ────────────────────────────────────────────────────────────────────


def says(country: Country) -> Around:
    """What a country adds to a sum, and is taken out of one as."""
    return told(country).lanes


def outside(others: Mapping[Country, int]) -> Around:
    """Sum what other countries add: what they saw, and how many saw it."""
    return sum([count * told(country).lanes for country, count in others.items()])


_WIDTH = len(KINDS) + 1
_LANES = Struct(f"<{_WIDTH}Q")
_LEVEL = sum(1 << _BITS * place + _BITS - 1 for place in range(_WIDTH))
"""Lifts every lane above naught."""


def lanes(around: Around) -> tuple[int, ...]:
    """Each lane in steps of UNIT, from a level that is the same for all of them."""
    return _LANES.unpack((around + _LEVEL).to_bytes(_LANES.size, "little"))
