"""Every step from measurement to sentence is given."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import msgspec

from probe.desk.desk import Question, judge
from probe.desk.explain import Explanation, explain
from probe.desk.ordering import Ordered
from probe.desk.outcome import Tally
from probe.desk.reading import Item
from probe.model import Cause
from tests.desk import small
from tests.interop import made as m


def explained(*items: Item, round_: timedelta = small.ROUND) -> Explanation:
    question = Question(paths=(), services=(small.SERVICE,), round=round_)
    with Ordered() as ordered:
        for item in items:
            ordered.add(item)
        name = judge(question, ordered, Tally(), lambda _: None).incidents[0].id
        found = explain(question, ordered, name)
        assert explain(question, ordered, "no such") is None
    assert found is not None
    return found


@lru_cache
def filtered() -> Explanation:
    return explained(*small.measurements())


def test_each_piece_of_evidence_has_its_measurement_and_its_rule() -> None:
    for seen in filtered().seen:
        assert seen.witness is not None
        assert seen.witness.country == "TR"
        assert seen.probe == 1 + int(seen.measurement.split("-")[4])  # the vantage's own end
        assert [fired.rule for fired in seen.fired] == ["tls.reset_name"]
        assert seen.fired[0].weights == {Cause.FILTERING: 3.9}
        assert seen.fired[0].source


def test_the_weighing_says_prior_likelihood_and_support_of_every_cause() -> None:
    (held,) = filtered().weighed
    assert {rival.cause for rival in held.causes} == set(Cause)
    assert held.causes[0].cause is held.leading is Cause.FILTERING
    assert held.causes[0].log_likelihood is not None
    assert held.gate is not None
    assert held.gate.network_authored == 2
    assert [network.asn for network in held.networks] in ([47330, 47331], [47331, 47330])


def test_the_grouping_and_the_sentence_come_last() -> None:
    assert "AS47330" in filtered().grouped
    assert filtered().statement == filtered().incident.statement
    assert filtered().history[0].what == "opened"


def test_onset_and_first_word_are_two_times() -> None:
    told = filtered()
    assert told.onset == told.incident.opened < told.first_said == told.history[0].at
    assert told.at <= told.ended


def test_no_vantage_is_named() -> None:
    assert b'"vantage"' not in msgspec.json.encode(filtered())


def test_a_look_is_explained_with_its_helpers() -> None:
    bogon = small.look(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    told = explained(bogon, round_=timedelta(hours=1))
    (seen,) = told.seen
    assert seen.helper is not None
    assert seen.fired[0].rule == "pair.bogon"
    assert told.weighed[0].path == "paired"
