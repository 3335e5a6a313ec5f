"""The book of a run: what was said when, what of it is new, and whether all is settled. Pure."""

from __future__ import annotations

from probe.lab.result import RunResult, Said
from probe.lab.scenario import Scenario
from probe.lab.truth import Score, Sight, answered_by, score
from probe.model import Incident, Scope, State
from probe.web import render

ROUNDS_OF_FAULT = 4
"""A run goes on at least so long after the last onset."""


Gist = tuple[State, Scope, bool, frozenset[str], frozenset[str], frozenset[int]]


class Diary:
    """Times go in as real seconds from the scenario's start; `pace` is real per story second."""

    def __init__(self, scenario: Scenario, pace: float) -> None:
        self._scenario = scenario
        self._pace = pace
        self._sights: list[Sight] = []
        self._said: dict[str, Gist] = {}

    def note(self, at: float, incidents: tuple[Incident, ...]) -> tuple[Said, ...]:
        """Write down what the correlator holds now; return what is new of it."""
        self._sights.append(Sight(at=at / self._pace, incidents=incidents))
        fresh = []
        for incident in incidents:
            now = _gist(incident)
            if self._said.get(incident.id) != now:
                self._said[incident.id] = now
                right = any(answered_by(e, incident) for e in self._scenario.expected)
                fresh.append(Said(at=at, incident=incident, right=right))
        return tuple(fresh)

    def score(self) -> Score:
        return score(self._scenario.expected, self._sights)

    def settled(self, at: float) -> bool:
        """Whether all that is expected has been answered for a round, and long enough after."""
        expected = self._scenario.expected
        now, story_round = at / self._pace, self._scenario.round
        onset = max((float(entry.onset) for entry in expected), default=None)
        if onset is None or now < onset + ROUNDS_OF_FAULT * story_round:
            return False
        return all(
            answer.seconds is not None
            and now >= answer.expected.onset + answer.seconds + story_round
            for answer in self.score().answers
        )

    def result(self, on: str) -> RunResult:
        """Return the outcome as far as the incidents tell it."""
        found = self.score()
        seconds = found.seconds_to_right
        last = self._sights[-1].incidents if self._sights else ()
        return RunResult(
            scenario=self._scenario.name,
            on=on,
            incidents=tuple(map(render.incident, last)),
            expected=self._scenario.expected,
            answers=found.answers,
            right=found.right,
            seconds_to_right=None if seconds is None else round(seconds * self._pace, 2),
            rounds_to_right=None if seconds is None else round(seconds / self._scenario.round, 2),
            false_seen=tuple(map(render.incident, found.false)),
            unanswering=tuple(map(render.incident, found.unanswering)),
        )


def _gist(incident: Incident) -> Gist:
    """What makes a statement a new one; that another witness was counted does not."""
    return (
        incident.state,
        incident.scope,
        incident.closed is not None,
        frozenset(incident.features),
        frozenset(incident.countries),
        frozenset(incident.networks),
    )
