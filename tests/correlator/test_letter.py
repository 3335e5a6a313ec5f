"""What others read: alerts whose identity is steady, and a webhook's JSON that names no vantage."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.correlator import letter
from probe.correlator.announce import Told, by_receiver, news
from probe.model import Cause, Delivery, Event, Incident, Scope, State
from tests.correlator.news import HOOK, MINUTE, NOW, changed, incident

URL = "https://status.example/"
RESEND = timedelta(minutes=1)


class Posted(msgspec.Struct, rename="camel"):
    """An alert as Alertmanager reads it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    generator_url: str = msgspec.field(default="", name="generatorURL")

    @property
    def resolved(self) -> bool:
        return self.ends_at <= LATER


LATER = NOW + 5 * MINUTE


def delivery(now: Incident, before: Incident | None = None) -> Delivery:
    return Delivery(
        id="msg_1", receiver="hook", event=Event.UPDATED, at=LATER, incident=now, before=before
    )


def alerts(now: Incident, before: Incident | None = None, url: str = URL) -> list[Posted]:
    body = letter.alerts(delivery(now, before), url, LATER, RESEND)
    return msgspec.json.decode(body, type=list[Posted])


def test_an_open_incident_is_one_alert_that_outlasts_three_lost_reminders() -> None:
    (alert,) = alerts(incident())
    assert alert.labels == {
        "alertname": "WorksForWhomIncident",
        "incident": "20221228T210000-twitter-filtering-tr",
        "service": "twitter",
        "cause": "filtering",
        "scope": "countries",
        "country": "TR",
        "severity": "warning",
    }
    assert alert.annotations == {
        "summary": "Likely: Twitter is filtered in Türkiye.",
        "description": "Cause: filtering (likely, 91%). Features failing: web. "
        "Features well: app-api. Countries: Türkiye. Networks: AS9121, AS34984. "
        "Mechanisms: tls.sni_rst. Vantages: 4. Since 2022-12-28 21:00 UTC.",
        "incident_url": "https://status.example/incidents/20221228T210000-twitter-filtering-tr",
    }
    assert alert.generator_url == alert.annotations["incident_url"]
    assert (alert.starts_at, alert.ends_at) == (NOW, LATER + 4 * RESEND)


def test_without_an_address_there_is_no_link() -> None:
    (alert,) = alerts(incident(), url="")
    assert (alert.generator_url, alert.annotations.get("incident_url")) == ("", None)


def test_a_closed_incident_is_resolved_when_it_ended() -> None:
    (alert,) = alerts(incident(closed=NOW + MINUTE), incident())
    assert alert.ends_at == NOW + MINUTE


def test_an_alert_never_ends_before_it_starts() -> None:
    (alert,) = alerts(incident(closed=NOW - MINUTE), incident())
    assert alert.starts_at == alert.ends_at == NOW


CHANGES: dict[str, dict[str, object]] = {
    "cause": {"cause": Cause.SERVICE_OUTAGE},
    "scope": {"scope": Scope.GLOBAL},
    "country": {"countries": ("AZ", "TR")},
    "severity": {"state": State.CONFIRMED},
}


@pytest.mark.parametrize("label", CHANGES)
def test_a_change_of_labels_resolves_the_alert_under_the_old_ones(label: str) -> None:
    before = incident()
    old, new, *_ = alerts(changed(before, 5, **CHANGES[label]), before)
    assert old.labels[label] != new.labels.get(label)
    assert (old.resolved, new.resolved) == (True, False)
    assert old.ends_at == LATER


def test_other_changes_renew_the_same_alert() -> None:
    before = incident()
    (alert,) = alerts(changed(before, 5, features=("web", "media"), networks=(1,)), before)
    assert alert.labels == alerts(before)[0].labels


def test_what_was_resolved_before_is_not_resolved_again_when_it_comes_back_otherwise() -> None:
    before = incident(closed=NOW)
    (alert,) = alerts(incident(state=State.CONFIRMED), before)
    assert not alert.resolved


def named(posted: list[Posted]) -> list[tuple[str, str, bool]]:
    return [(a.labels["alertname"], a.labels.get("country", ""), a.resolved) for a in posted]


WHOLE, PLACE = "WorksForWhomIncident", "WorksForWhomIncidentCountry"


def test_an_incident_of_several_countries_is_one_alert_and_one_to_inhibit_by_in_each() -> None:
    said = alerts(incident(countries=("TR", "AZ")))
    assert named(said) == [(WHOLE, "AZ,TR", False), (PLACE, "AZ", False), (PLACE, "TR", False)]
    assert [alert.labels["severity"] for alert in said] == ["warning", "info", "info"]
    assert len({(alert.labels["service"], alert.labels["cause"]) for alert in said}) == 1


def test_a_country_that_leaves_or_comes_changes_its_own_and_the_whole() -> None:
    before = incident(countries=("AZ", "TR"))
    assert named(alerts(changed(before, 5, countries=("IR", "TR")), before)) == [
        (WHOLE, "AZ,TR", True),
        (PLACE, "AZ", True),
        (WHOLE, "IR,TR", False),
        (PLACE, "IR", False),
        (PLACE, "TR", False),
    ]


def test_it_is_reminded_of_and_resolved_in_every_country() -> None:
    held = incident(countries=("AZ", "TR"))
    body = letter.reminder([delivery(held)], URL, LATER, RESEND)
    assert body
    assert len(msgspec.json.decode(body, type=list[Posted])) == 3
    over = named(alerts(incident(countries=("AZ", "TR"), closed=NOW), held))
    assert [resolved for _, _, resolved in over] == [True] * 3


def test_what_is_only_suspected_inhibits_nowhere() -> None:
    held = incident(state=State.SUSPECTED, countries=("AZ", "TR"))
    assert named(alerts(held)) == [(WHOLE, "AZ,TR", False)]


def test_an_outage_names_its_countries_in_one_alert_alone() -> None:
    held = incident(cause=Cause.SERVICE_OUTAGE, countries=("AZ", "TR"))
    assert named(alerts(held)) == [(WHOLE, "AZ,TR", False)]


def test_what_is_filtered_everywhere_is_so_in_each_country() -> None:
    held = incident(scope=Scope.GLOBAL, countries=("AZ", "TR"))
    assert named(alerts(held)) == [(WHOLE, "", False), (PLACE, "AZ", False), (PLACE, "TR", False)]


SEVERITIES = [
    (Cause.FILTERING, State.CONFIRMED, "critical"),
    (Cause.SERVICE_OUTAGE, State.LIKELY, "warning"),
    (Cause.NETWORK_DISRUPTION, State.SUSPECTED, "info"),
    (Cause.GEO_BLOCK, State.INSUFFICIENT, "info"),
    (Cause.LOCAL_FAULT, State.CONFIRMED, "info"),
]


@pytest.mark.parametrize(("cause", "state", "severity"), SEVERITIES)
def test_severity(cause: Cause, state: State, severity: str) -> None:
    assert letter.severity(incident(cause=cause, state=state)) == severity


def test_what_belongs_to_no_service_or_to_all_countries_has_no_such_label() -> None:
    alert, *_ = alerts(incident(service="", scope=Scope.GLOBAL, countries=("DE", "TR")))
    assert not {"service", "country"} & alert.labels.keys()
    assert "Countries: Germany, Türkiye." in alert.annotations["description"]


def test_long_lists_end_in_a_number() -> None:
    (alert,) = alerts(incident(networks=tuple(range(1, 13))))
    assert "AS8 and 4 more." in alert.annotations["description"]


def test_a_reminder_has_what_is_still_open_as_it_was_told_last() -> None:
    opened, over = incident(id="a"), incident(id="b", closed=NOW)
    told = [delivery(opened), delivery(over)]
    body = letter.reminder(told, URL, LATER, RESEND)
    assert body
    assert [a.labels["incident"] for a in msgspec.json.decode(body, type=list[Posted])] == ["a"]
    assert letter.reminder([delivery(over)], URL, LATER, RESEND) is None


@given(st.lists(st.tuples(st.sampled_from(list(CHANGES)), st.booleans()), max_size=8))
def test_at_any_time_at_most_one_alert_of_an_incident_fires(steps: list[tuple[str, bool]]) -> None:
    held, firing = incident(), set[tuple[tuple[str, str], ...]]()
    places = set[tuple[tuple[str, str], ...]]()
    sent: Told = {}
    for number, (label, closed) in enumerate([("cause", False), *steps]):
        held = changed(held, number, **CHANGES[label], closed=NOW if closed else None)
        told = news([HOOK], sent, [held], NOW + number * MINUTE)
        sent = {**sent, **by_receiver(told)}
        for each in told:
            body = letter.alerts(each, URL, LATER, RESEND)
            for alert in msgspec.json.decode(body, type=list[Posted]):
                name = tuple(sorted(alert.labels.items()))
                if alert.labels["alertname"] == PLACE:
                    places = places - {name} if alert.resolved else places | {name}
                    continue
                firing = firing - {name} if alert.resolved else firing | {name}
        assert len(firing) == (not closed)
        several = held.cause in letter.BY_COUNTRY and held.countries != ("TR",) and not closed
        assert len(places) == (len(held.countries) if several else 0)


def test_a_letter_is_the_public_incident_and_no_more() -> None:
    body = letter.letter(delivery(incident()), URL)
    said = msgspec.json.decode(body, type=dict[str, object])
    assert {k: v for k, v in said.items() if k != "data"} == {
        "type": "incident.updated",
        "id": "msg_1",
        "timestamp": "2022-12-28T21:05:00Z",
        "url": "https://status.example/incidents/20221228T210000-twitter-filtering-tr",
    }
    assert b'"statement":"Likely: Twitter is filtered in T' in body
    assert b"volunteer" not in body
    assert b"evidence" not in body
