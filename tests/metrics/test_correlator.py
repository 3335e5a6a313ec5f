"""The correlator's families: named as Prometheus wants, complete from the first scrape, bounded."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from probe.metrics.correlator import Mail, Snapshot, exposition
from probe.metrics.distribution import Distribution
from probe.model import Cause, Incident, Scope, State, Verdict

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)


def verdict(network: int = 0) -> Verdict:
    return Verdict(
        service="twitter",
        feature="web",
        country="TR",
        network=network,
        at=NOW,
        leading=Cause.FILTERING,
        state=State.LIKELY,
        confidence=0.9,
        support={Cause.FILTERING: 0.9},
    )


def incident(cause: Cause) -> Incident:
    return Incident(
        id=f"i-{cause}",
        service="twitter",
        features=("web",),
        cause=cause,
        state=State.LIKELY,
        scope=Scope.COUNTRIES,
        opened=NOW,
        updated=NOW,
    )


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(snapshot: Snapshot) -> Samples:
    text = exposition(snapshot).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labelled(samples: Samples, name: str, label: str) -> dict[str, float]:
    return {
        dict(labels)[label]: value for (held, labels), value in samples.items() if held == name
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_of_a_service_comes_back(name: str) -> None:
    held = scraped(
        Snapshot(version="0", verdicts=(msgspec.structs.replace(verdict(), service=name),))
    )
    labels = (("country", "TR"), ("feature", "web"), ("service", name))
    assert held["worksforwhom_verdict_confidence_ratio", labels] == 0.9


def test_a_verdict_is_a_state_set_of_its_country() -> None:
    samples = scraped(Snapshot(version="1", verdicts=(verdict(), verdict(9121))))
    states = labelled(samples, "worksforwhom_verdict_state", "worksforwhom_verdict_state")
    assert states == {"confirmed": 0, "likely": 1, "suspected": 0, "insufficient": 0}
    causes = labelled(samples, "worksforwhom_verdict_cause", "worksforwhom_verdict_cause")
    assert [cause for cause, held in causes.items() if held] == ["filtering"]
    assert labelled(samples, "worksforwhom_verdict_confidence_ratio", "country") == {"TR": 0.9}


def test_every_cause_has_its_count_from_the_start() -> None:
    samples = scraped(Snapshot(version="1", incidents=(incident(Cause.FILTERING),)))
    held = labelled(samples, "worksforwhom_incidents_open", "cause")
    assert held == {str(c): float(c is Cause.FILTERING) for c in Cause if c is not Cause.OK}


def test_a_country_that_fell_silent_is_0_and_not_absent() -> None:
    samples = scraped(Snapshot(version="1", reporting={"TR": 0, "DE": 2}))
    assert labelled(samples, "worksforwhom_vantages_reporting", "country") == {"TR": 0, "DE": 2}


def test_counts_and_instants() -> None:
    samples = scraped(
        Snapshot(
            version="1",
            newest=NOW,
            accepted=5,
            duplicate=2,
            late=1,
            refused={"bad_id": 3, "time_too_old": 0},
            requests={200: 4, 401: 1},
            judgings=9,
            judging_seconds=0.25,
            reload_ok=False,
            reloaded=NOW,
            web_config={"web": True, "pages": False},
            web_expires={"web": NOW},
        )
    )
    plain = {name: value for (name, labels), value in samples.items() if not labels}
    assert plain == {
        "worksforwhom_newest_measurement_timestamp_seconds": NOW.timestamp(),
        "worksforwhom_intake_accepted_total": 5,
        "worksforwhom_intake_duplicate_total": 2,
        "worksforwhom_intake_late_total": 1,
        "worksforwhom_judgings_total": 9,
        "worksforwhom_judging_seconds": 0.25,
        "worksforwhom_judging_duration_seconds_count": 0,
        "worksforwhom_judging_duration_seconds_sum": 0,
        "worksforwhom_config_last_reload_successful": 0,
        "worksforwhom_config_last_reload_success_timestamp_seconds": NOW.timestamp(),
    }
    files = labelled(samples, "worksforwhom_web_config_last_reload_successful", "listener")
    ends = labelled(samples, "worksforwhom_web_certificate_expiry_timestamp_seconds", "listener")
    assert ends == {"web": NOW.timestamp()}
    assert files == {"web": 1, "pages": 0}
    refused = labelled(samples, "worksforwhom_intake_refused_total", "reason")
    assert refused == {"bad_id": 3, "time_too_old": 0}
    assert labelled(samples, "worksforwhom_intake_requests_total", "code") == {"200": 4, "401": 1}
    assert labelled(samples, "worksforwhom_build_info", "version") == {"1": 1}


def test_an_open_incident_is_one_series_for_each_country() -> None:
    filtering = msgspec.structs.replace(incident(Cause.FILTERING), countries=("IR", "TR"))
    twin = msgspec.structs.replace(filtering, id="other", countries=("TR",))
    everywhere = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), scope=Scope.GLOBAL)
    held = (filtering, twin, everywhere)
    samples = scraped(Snapshot(version="1", incidents=held))
    found = {labels: v for (name, labels), v in samples.items() if name.endswith("incident_open")}
    assert set(found.values()) == {1}
    places = {tuple(dict(held)[k] for k in ("cause", "scope", "country")) for held in found}
    assert places == {
        ("filtering", "countries", "IR"),
        ("filtering", "countries", "TR"),
        ("service_outage", "global", ""),
    }
    assert {dict(held)["service"] for held in found} == {"twitter"}


def test_judgings_are_a_histogram() -> None:
    took = Distribution((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        took.observe(seconds)
    samples = scraped(Snapshot(version="1", judging_durations=took, judged=NOW))
    name = "worksforwhom_judging_duration_seconds"
    assert labelled(samples, f"{name}_bucket", "le") == {"0.1": 2, "1.0": 3, "+Inf": 4}
    assert samples[(f"{name}_count", ())] == 4
    assert samples[("worksforwhom_last_judging_timestamp_seconds", ())] == NOW.timestamp()


def test_a_receiver_has_its_series_before_anything_was_delivered() -> None:
    mail = {"pager": Mail(), "hook": Mail(ok=3, failed=2, dropped=1, waiting=4)}
    samples = scraped(Snapshot(version="1", mail=mail))
    counted = {
        (dict(labels)["receiver"], dict(labels)["outcome"]): value
        for (name, labels), value in samples.items()
        if name == "worksforwhom_webhook_deliveries_total"
    }
    assert counted == {
        ("pager", "ok"): 0,
        ("pager", "failed"): 0,
        ("hook", "ok"): 3,
        ("hook", "failed"): 2,
    }
    for name, value in (("dropped_total", 1), ("waiting", 4)):
        held = labelled(samples, f"worksforwhom_webhook_{name}", "receiver")
        assert held == {"pager": 0, "hook": value}


def test_an_instant_that_never_was_is_absent() -> None:
    names = {name for name, _ in scraped(Snapshot(version="1"))}
    assert "worksforwhom_newest_measurement_timestamp_seconds" not in names
