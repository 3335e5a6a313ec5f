from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.around import outside
from probe.judge.hypothesis.joint import leading, posterior, within
from probe.judge.hypothesis.likelihood import Network
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


def told(here: tuple[Network, ...], *others: tuple[Network, ...]) -> Cause:
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
    assert told(country(category), *[country(category)] * 5) is Cause.SERVICE_OUTAGE


def test_what_one_country_sees_is_not() -> None:
    assert told(country(C.TLS_RESET, SIGNED), *[WELL] * 5) is Cause.FILTERING
    assert told(country(C.REFUSED, (("geo_block", 2.0),)), *[WELL] * 5) is Cause.GEO_BLOCK
    assert told(country(C.SLOW), *[WELL] * 5) is Cause.THROTTLING
    assert told(WELL, *[country(C.SERVER_ERROR)] * 2, WELL, WELL, WELL) is Cause.OK


def test_a_filter_is_held_apart_from_an_outage_that_is_everywhere_else() -> None:
    assert told(country(C.TLS_RESET, SIGNED), *[country(C.REFUSED)] * 5) is Cause.FILTERING


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
    assert told(here, *others, here, here) is Cause.SERVICE_OUTAGE
    assert told(country(C.BARRED), *others, here, here) is Cause.GEO_BLOCK
    assert told(WELL, *others, here, here) is Cause.OK


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
