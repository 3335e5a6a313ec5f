"""From files to an outcome: read, put in order, judge round by round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from probe.desk.doubts import doubts
from probe.desk.lines import Passed
from probe.desk.ordering import Ordered
from probe.desk.outcome import Outcome, Tally, outcome
from probe.desk.reading import Refused, read
from probe.desk.rounds import end, guess
from probe.desk.sieve import Left, Sieve
from probe.desk.timeline import Moment, play
from probe.interop import names
from probe.model import Incident, Service, Target
from probe.origin import Origins

Judged = Callable[[int], None]
"""Told how many items have been judged."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be judged, and how."""

    paths: tuple[Path, ...]
    services: tuple[Service, ...] = ()
    round: timedelta | None = None
    """Told by the measurements where None."""
    at: datetime | None = None
    """Judge as if it were then; what came later is not looked at."""
    origins: Origins | None = None


def collect(
    question: Question, into: Ordered, tally: Tally, now: datetime, passed: Passed
) -> None:
    """Read every file; raises ConfigError for one that is not there."""
    for item in read(question.paths, targets(question.services), now, passed):
        if isinstance(item, Refused):
            tally.add(item)
        else:
            into.add(item)


def targets(services: Sequence[Service]) -> Mapping[str, Target]:
    """Which feature of a catalogue a URL of OONI's belongs to: by the URL, or else by its host."""
    found: dict[str, Target] = {}
    for service in services:
        for feature in service.features:
            for endpoint in feature.endpoints:
                target = Target(service=service.id, feature=feature.id, endpoint=endpoint.id)
                bare = endpoint.url.rstrip("/")
                found.setdefault(bare, target)
                found.setdefault(f"{bare}/", target)
                found.setdefault(names.host(endpoint.url), target)
    return found


def moments(question: Question, items: Ordered, sieve: Sieve | None = None) -> Iterator[Moment]:
    """Judge what was collected; it may be asked again, and says the same.

    `sieve`: what lets the items through, for who wants to know what it kept back.
    """
    round_ = question.round or guess(items)
    until = question.at or end(items.lasts, round_)
    return play(sieve or Sieve(items), round_, question.services, until, question.origins)


def doubted(question: Question, items: Ordered) -> Iterator[str]:
    """What to doubt of what was collected, in sentences."""
    return doubts(items.spans, question.round, guess(items))


def judge(question: Question, items: Ordered, tally: Tally, judged: Judged) -> Outcome:
    """Go through to the end, and say what it came to."""
    last, count, sieve = None, 0, Sieve(items)
    for moment in moments(question, items, sieve):
        last, count = moment, count + 1
        judged(moment.taken)
    tally.leave(_left(question, sieve, last.taken if last else 0))
    return outcome(last, count, tally)


def _left(question: Question, sieve: Sieve, taken: int) -> Mapping[Left, int]:
    """What was read and not judged, by reason."""
    for _ in sieve:  # what lies beyond the end
        pass
    beyond = Left.CLOCK_AHEAD if question.at is None else Left.LATER_THAN_ASKED
    return sieve.kept + Counter({beyond: sieve.passed - taken})


class Height(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The judging that an incident's last words but its end come from, and the last of all."""

    moment: Moment
    incident: Incident
    """As it was then."""
    end: datetime
    """The last judging, whose words the list of incidents has."""
    last: Incident
    """As it was at the end."""


def height(question: Question, items: Ordered, name: str) -> Height | None:
    """Find when an incident was last said anew; None for none so named."""
    last: Moment | None = None
    for moment in moments(question, items):
        last = moment
    found = next((i for i in last.incidents if i.id == name), None) if last else None
    if last is None or found is None:
        return None
    told = [change.at for change in found.history if change.what != "closed"]
    wanted = told[-1] if told else found.updated
    for moment in moments(question, items):
        if moment.view.now >= wanted:
            then = next((i for i in moment.incidents if i.id == name), found)
            return Height(moment=moment, incident=then, end=last.view.now, last=found)
    return None
