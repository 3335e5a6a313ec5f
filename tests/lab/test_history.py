"""Each documented incident has its scenario, whose truth is what the corpus says of its class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from probe.lab import library
from probe.model import SIDES, Cause, Scope

if TYPE_CHECKING:  # a private module of pytest
    from _pytest.mark.structures import ParameterSet

CORPUS = Path(__file__).parents[3] / "shared/corpus/incidents.json"
NEEDS = "needs ../shared/corpus/incidents.json"
CAUSES = {
    "service_outage": Cause.SERVICE_OUTAGE,
    "service_partial": Cause.SERVICE_OUTAGE,
    "cert_expiry": Cause.SERVICE_OUTAGE,
    "cdn_outage": Cause.DEPENDENCY_OUTAGE,
    "dns_provider_outage": Cause.DEPENDENCY_OUTAGE,
    "service_regional": Cause.DEPENDENCY_OUTAGE,
    "bgp_misroute": Cause.DEPENDENCY_OUTAGE,
    "geo_block_by_service": Cause.GEO_BLOCK,
    "country_filtering": Cause.FILTERING,
    "isp_level_filtering": Cause.FILTERING,
    "throttling": Cause.THROTTLING,
    "country_shutdown": Cause.NETWORK_DISRUPTION,
    "isp_outage": Cause.NETWORK_DISRUPTION,
    "local": Cause.LOCAL_FAULT,
}
"""The corpus' classes and our causes (its README)."""
SCOPES = {
    "isp_level_filtering": Scope.NETWORKS,
    "isp_outage": Scope.NETWORKS,
    "country_shutdown": Scope.COUNTRIES,
    "country_filtering": Scope.COUNTRIES,
    "geo_block_by_service": Scope.COUNTRIES,
}


class Documented(msgspec.Struct):
    """What is read of an incident of the corpus."""

    id: str
    countries: list[str]
    true_cause_class: str


class Corpus(msgspec.Struct):
    incidents: list[Documented]


def documented() -> list[Documented]:
    if not CORPUS.exists():
        return []
    return msgspec.json.decode(CORPUS.read_bytes(), type=Corpus).incidents


INCIDENTS = documented()


def cases(wanted: Callable[[Documented], bool] = lambda _: True) -> list[ParameterSet]:
    found = [pytest.param(own, id=own.id) for own in INCIDENTS if wanted(own)]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason=NEEDS))]


def there(incident: Documented) -> None:
    if incident.id not in library.names():
        pytest.xfail("its scenario is not written yet")


@pytest.mark.parametrize("incident", cases())
def test_its_cause_is_that_of_its_class(incident: Documented) -> None:
    there(incident)
    cause = CAUSES[incident.true_cause_class]
    expected = library.load(incident.id).expected
    if cause is Cause.LOCAL_FAULT:  # that nothing else is said is right as well
        assert all(cause in {truth.cause, *truth.also} for truth in expected)
    else:
        assert any(truth.cause is cause for truth in expected)


@pytest.mark.parametrize("incident", cases(lambda i: i.true_cause_class in SCOPES))
def test_its_scope_is_that_of_its_class(incident: Documented) -> None:
    there(incident)
    cause = CAUSES[incident.true_cause_class]
    named = [t for t in library.load(incident.id).expected if t.cause is cause]
    scope = SCOPES[incident.true_cause_class]
    assert any(scope in {truth.scope, *truth.scopes} for truth in named)


@pytest.mark.parametrize("incident", cases(lambda i: "GLOBAL" not in i.countries))
def test_its_countries_are_among_those_told(incident: Documented) -> None:
    """Those that the corpus names by code and that are in the scenario's world."""
    there(incident)
    scenario = library.load(incident.id)
    told = {country for truth in scenario.expected for country in truth.countries}
    played = {network.country for network in scenario.networks}
    assert played & set(incident.countries) <= told


@pytest.mark.parametrize("incident", cases())
def test_a_rival_that_is_right_as_well_is_on_the_same_side(incident: Documented) -> None:
    """But for what the probe hosts share, which is a dependency; and for silence that nobody signs.

    A country that drops a service and a service that drops a country are one silence to a probe
    (mechanisms.json: server.geoblock_low_layer).
    """
    there(incident)
    scenario = library.load(incident.id)
    own = {SIDES[Cause.LOCAL_FAULT]} if scenario.cohorts else set()
    for truth in scenario.expected:
        assert {SIDES[cause] for cause in truth.also} <= {SIDES[truth.cause], *own}


@pytest.mark.skipif(not INCIDENTS, reason=NEEDS)
def test_every_class_of_the_corpus_has_a_cause() -> None:
    assert {incident.true_cause_class for incident in INCIDENTS} <= set(CAUSES)
