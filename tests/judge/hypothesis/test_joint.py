import math
from collections import Counter

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from probe.judge.hypothesis.around import (
    ALONE,
    BARRING,
    KINDS,
    NOBODY,
    OUTAGE_KINDS,
    UNIT,
    Told,
    lanes,
    outside,
    told,
)
from probe.judge.hypothesis.causes import PRIOR
from probe.judge.hypothesis.joint import leading, posterior, within
from probe.judge.hypothesis.likelihood import Country, Network, log_sum
from probe.judge.row import Category
from probe.model import Cause

C = Category


def network(
    category: Category, times: int = 2, bonus: tuple[tuple[str, float], ...] = ()
) -> Network:
    return Network((((category, times),),), 1, bonus)


def country(category: Category, bonus: tuple[tuple[str, float], ...] = ()) -> tuple[Network, ...]:
    return (network(category, 2, bonus), network(category, 3, bonus))


WELL = country(C.OK)
SIGNED = (("filtering", 3.9),)


def led(here: tuple[Network, ...], *others: tuple[Network, ...]) -> Cause:
    return leading(posterior(here, outside(Counter(others))))


@pytest.mark.parametrize(
    "category",
    [
        C.SERVER_ERROR,
        C.APP_ERROR,
        C.REFUSED,
        C.HTTP_TIMEOUT,
        C.TCP_TIMEOUT,
        C.DNS_RCODE,
        C.BAD_CERTIFICATE,
    ],
)
def test_what_all_countries_see_alike_is_the_services(category: Category) -> None:
    assert led(country(category), *[country(category)] * 5) is Cause.SERVICE_OUTAGE


def test_what_one_country_sees_is_not() -> None:
    assert led(country(C.TLS_RESET, SIGNED), *[WELL] * 5) is Cause.FILTERING
    assert led(country(C.REFUSED, (("geo_block", 2.0),)), *[WELL] * 5) is Cause.GEO_BLOCK
    assert led(country(C.SLOW), *[WELL] * 5) is Cause.THROTTLING
    assert led(WELL, *[country(C.SERVER_ERROR)] * 2, WELL, WELL, WELL) is Cause.OK


def test_a_filter_is_held_apart_from_an_outage_that_is_everywhere_else() -> None:
    assert led(country(C.TLS_RESET, SIGNED), *[country(C.REFUSED)] * 5) is Cause.FILTERING


@pytest.mark.parametrize("refused", [1, 3, 5, 8, 11])
def test_what_some_countries_are_refused_is_one_decision_about_them(refused: int) -> None:
    here, others = country(C.REFUSED), [country(C.REFUSED)] * (refused - 1)
    support = posterior(here, outside(Counter([*others, *[WELL] * (18 - refused)])))
    assert support[Cause.GEO_BLOCK] > 0.8


@pytest.mark.parametrize("served", [0, 1, 2])
def test_what_nearly_all_countries_are_refused_is_an_outage(served: int) -> None:
    others = [*[country(C.REFUSED)] * (17 - served), *[WELL] * served]
    assert posterior(country(C.REFUSED), outside(Counter(others)))[Cause.SERVICE_OUTAGE] > 0.8


@pytest.mark.parametrize("barred", [1, 5, 11, 15, 18])
def test_what_is_refused_in_the_words_of_a_border_is_one_however_many_hear_it(barred: int) -> None:
    others = [*[country(C.BARRED)] * (barred - 1), *[WELL] * (18 - barred)]
    assert posterior(country(C.BARRED), outside(Counter(others)))[Cause.GEO_BLOCK] > 0.99
    if barred < 18:
        others = [*[country(C.BARRED)] * barred, *[WELL] * (17 - barred)]
        assert posterior(WELL, outside(Counter(others)))[Cause.OK] > 0.99


def test_a_border_s_words_in_one_country_are_no_part_of_an_outage_in_all_others() -> None:
    others = Counter([country(C.SERVER_ERROR)] * 12)
    here = country(C.BARRED, (("geo_block", 2.0),))
    assert posterior(here, outside(others))[Cause.GEO_BLOCK] > 0.9


def test_whom_a_border_s_words_spare_may_have_an_outage_beside_them() -> None:
    here, others = country(C.SERVER_ERROR, (("service_outage", 2.0),)), [country(C.BARRED)] * 10
    assert led(here, *others, here, here) is Cause.SERVICE_OUTAGE
    assert led(country(C.BARRED), *others, here, here) is Cause.GEO_BLOCK
    assert led(WELL, *others, here, here) is Cause.OK


def test_who_is_served_while_others_are_refused_is_well() -> None:
    assert (
        posterior(WELL, outside(Counter([*[country(C.REFUSED)] * 8, *[WELL] * 9])))[Cause.OK]
        > 0.99
    )


def test_without_an_outside_a_silence_is_rather_the_services_than_a_filter() -> None:
    support = posterior(country(C.TCP_TIMEOUT), outside({}))
    assert support[Cause.SERVICE_OUTAGE] > support[Cause.FILTERING]


def test_more_countries_that_get_through_make_a_filter_likelier() -> None:
    here = country(C.TCP_TIMEOUT)
    rising = [posterior(here, outside({WELL: n}))[Cause.FILTERING] for n in range(6)]
    assert rising == sorted(rising)


def test_other_features_of_the_service_raise_the_prior() -> None:
    around = outside({WELL: 5})
    plain = posterior(country(C.TCP_TIMEOUT), around)
    raised = posterior(country(C.TCP_TIMEOUT), around, raised={Cause.FILTERING: 0.01})
    assert raised[Cause.FILTERING] > plain[Cause.FILTERING]


CATEGORIES = st.sampled_from([c for c in Category if c is not C.NOTHING])


@given(st.lists(CATEGORIES, min_size=1, max_size=4), st.lists(CATEGORIES, max_size=4))
@settings(deadline=None)
def test_support_sums_to_one_everywhere(here: list[Category], others: list[Category]) -> None:
    place = tuple(sorted(network(c) for c in here))
    support = posterior(place, outside(Counter(country(c) for c in others)))
    assert sum(support.values()) == pytest.approx(1.0)
    for index in range(len(place)):
        assert sum(within(place, index, support).values()) == pytest.approx(1.0)


def test_a_network_that_works_is_not_blamed_for_its_neighbour() -> None:
    place = tuple(sorted((network(C.OK, 3), network(C.TLS_RESET, 3, SIGNED))))
    index = place.index(network(C.OK, 3))
    whole = posterior(place, outside({WELL: 5}))
    assert leading(within(place, index, whole)) is Cause.OK


def test_a_tie_is_led_by_the_earlier_cause() -> None:
    assert leading(dict.fromkeys(Cause, 0.125)) is Cause.OK


looks = st.tuples(
    st.sampled_from([c for c in C if c is not C.NOTHING]), st.sampled_from([1, 3, 40, 900])
)
places = st.lists(looks, min_size=1, max_size=3).map(
    lambda each: tuple(sorted(network(category, times) for category, times in each))
)


def long_way(here: Country, others: list[Country], before: dict[Cause, float]) -> list[float]:
    """The logs of what is a country's own, and of an outage, one explanation after another."""
    own = told(here)
    around = [told(each) for each in others]
    calm = sum(lane(each, -1) for each in around)
    beside = [sum(lane(each, k) for each in around) - calm for k in range(len(KINDS))]
    spared = [kind.prior + kind.spared + nats for kind, nats in zip(KINDS, beside, strict=True)]
    hit = [log + nats for log, nats in zip((*own.struck, *own.refused), beside, strict=True)]
    many, outage = len(OUTAGE_KINDS), math.log(before[Cause.SERVICE_OUTAGE])
    apart = log_sum(
        [
            math.log(1 - before[Cause.SERVICE_OUTAGE]),
            *[outage + s for s in spared[:many]],
            *spared[many:],
        ]
    )
    alone = [seen + math.log(before[c]) + apart for c, seen in zip(ALONE, own.alone, strict=True)]
    alone[-1] = log_sum([alone[-1], *hit[many:]])
    words = [own.narrow + s for s in spared[-len(BARRING) :]]
    return [*alone, outage + log_sum([*hit[:many], *words])]


def lane(of: Told, place: int) -> float:
    return (lanes(of.lanes)[place] - lanes(NOBODY)[place]) * UNIT


@given(places, st.lists(places, max_size=12), st.sampled_from([1, 30]))
@settings(deadline=None)
def test_plain_numbers_and_logs_say_the_same(
    here: Country, others: list[Country], times: int
) -> None:
    """However far apart explanations are: 900 looks alike are thousands of nats."""
    logs = long_way(here, others * times, PRIOR)
    event("plain" if told(here).odds else "logs")
    total, idle = log_sum(logs), told(here).idle
    ok, local, disruption, filtering, throttling, refusal, outage = (
        math.exp(log - total) for log in logs
    )
    said = posterior(here, outside(Counter(others * times)))
    assert said[Cause.OK] == pytest.approx(ok * (1 - idle), abs=1e-6)
    assert said[Cause.LOCAL_FAULT] == pytest.approx(local + ok * idle, abs=1e-6)
    assert said[Cause.SERVICE_OUTAGE] + said[Cause.DEPENDENCY_OUTAGE] == pytest.approx(
        outage, abs=1e-6
    )
    named = [
        said[c]
        for c in (Cause.NETWORK_DISRUPTION, Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)
    ]
    assert named == pytest.approx([disruption, filtering, throttling, refusal], abs=1e-6)
