"""Each change once, to whom it concerns, whatever the history of the incident is."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Receiver
from probe.correlator.announce import by_receiver, news
from probe.model import Delivery, Event, Incident, State
from tests.correlator.news import HOOK, MINUTE, NOW, PAGER, changed, incident


def played(receivers: Sequence[Receiver], *moments: Sequence[Incident]) -> list[Delivery]:
    """Tell the incidents of one judging after the other, each a minute later."""
    sent: list[Delivery] = []
    for number, incidents in enumerate(moments):
        sent += news(receivers, by_receiver(sent), incidents, NOW + number * MINUTE)
    return sent


def events(sent: Sequence[Delivery], receiver: str = "hook") -> list[str]:
    return [str(delivery.event) for delivery in sent if delivery.receiver == receiver]


def test_opened_updated_closed_and_reopened_each_once() -> None:
    first = incident()
    wider = changed(first, 2, countries=("AZ", "TR"))
    over = changed(wider, 4, closed=NOW + 3 * MINUTE)
    again = changed(over, 6, closed=None)
    told = played([HOOK], [first], [first], [wider], [wider], [over], [over], [again], [again])
    assert events(told) == ["opened", "updated", "closed", "reopened"]
    assert [sent.before and sent.before.countries for sent in told] == [
        None,
        ("TR",),
        ("AZ", "TR"),
        ("AZ", "TR"),
    ]


def test_words_alone_are_no_change() -> None:
    first = incident()
    reworded = msgspec.structs.replace(first, statement="Likely: 5 of 6.", confidence=0.95)
    assert events(played([HOOK], [first], [reworded])) == ["opened"]


def test_below_its_threshold_a_receiver_hears_nothing_and_then_everything() -> None:
    first = incident(state=State.SUSPECTED)
    sure = changed(first, 1, state=State.CONFIRMED)
    unsure = changed(sure, 2, state=State.SUSPECTED)
    over = changed(unsure, 3, closed=NOW)
    told = played([HOOK, PAGER], [first], [sure], [unsure], [over])
    assert events(told, "hook") == events(told, "pager") == ["opened", "updated", "closed"]
    assert told[0].at == NOW + MINUTE


def test_what_was_never_told_is_not_closed() -> None:
    brief = incident(state=State.SUSPECTED)
    assert played([HOOK], [brief], [changed(brief, 1, closed=NOW)]) == []


def test_a_receiver_that_comes_later_hears_what_is_open() -> None:
    first = incident()
    sent = list(news([HOOK], {}, [first], NOW))
    late = msgspec.structs.replace(HOOK, name="late")
    told = news([HOOK, late], by_receiver(sent), [first], NOW + MINUTE)
    assert [(d.receiver, d.event) for d in told] == [("late", Event.OPENED)]


def test_what_is_told_names_no_vantage() -> None:
    (told,) = news([HOOK], {}, [incident()], NOW)
    assert b"tr-volunteer-7" not in msgspec.json.encode(told)


STATES = st.sampled_from([State.SUSPECTED, State.LIKELY, State.CONFIRMED])
STEPS = st.lists(st.tuples(STATES, st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(STEPS)
def test_whatever_happens_the_events_make_sense(steps: list[tuple[State, bool, bool]]) -> None:
    held = incident(history=())
    moments: list[list[Incident]] = []
    for number, (state, closed, matters) in enumerate(steps):
        held = msgspec.structs.replace(held, state=state, closed=NOW if closed else None)
        held = changed(held, number) if matters else held
        # A judging is seen twice where a restart came in between.
        moments += [[held], [held]]
    told = played([HOOK], *moments)
    heard = "unheard"
    for event in events(told):
        allowed = {
            "unheard": ["opened"],
            "open": ["updated", "closed"],
            "closed": ["reopened"],
        }[heard]
        assert event in allowed
        heard = "closed" if event == "closed" else "open"
    assert len({delivery.id for delivery in told}) == len(told)
    last = moments[-1][0]
    assert heard == "unheard" or (heard == "closed") >= (last.closed is not None)


@given(st.permutations([incident(id=f"i-{n}") for n in range(4)]))
def test_the_order_in_which_incidents_come_does_not_matter(incidents: list[Incident]) -> None:
    assert [d.incident.id for d in news([HOOK], {}, incidents, NOW)] == [
        "i-0",
        "i-1",
        "i-2",
        "i-3",
    ]
