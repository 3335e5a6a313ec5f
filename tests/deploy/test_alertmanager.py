"""One incident, one message: the shipped routes, inhibition and words, in a real Alertmanager."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from probe.clock import SystemClock
from probe.correlator import letter
from probe.model import Cause, Delivery, Event, Incident, Scope, State
from tests.deploy.filled import DEPLOY
from tests.deploy.live import answers, free_ports, got, running, until
from tests.deploy.rules import (
    ALERTMANAGER,
    ALERTS,
    AMTOOL,
    needs_alertmanager,
    needs_amtool,
    ran,
)

FOLDER = DEPLOY / "alertmanager"
FILE = FOLDER / "alertmanager.yml"
INCIDENT = letter.ALERTNAME
"""The correlator's own."""
PLACE = letter.PLACE
DUTIES = {alert.alert: alert.labels for alert in ALERTS} | {
    INCIDENT: {"severity": "critical"},
    PLACE: {"severity": "info"},
}


@needs_amtool
def test_the_configuration_is_valid() -> None:
    answer = ran(AMTOOL, "check-config", FILE)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_names_alerts_that_there_are() -> None:
    text = re.sub(r"^ *#.*$", "", FILE.read_text(), flags=re.MULTILINE)
    named = {
        name
        for listed in re.findall(r'alertname (?:=|!=|=~) "([\w|]+)"', text)
        for name in listed.split("|")
    }
    assert named
    assert named - set(DUTIES) == set()


# ── routes ───────────────────────────────────────────────────────────────────────────────────

ROUTES = {
    "ServiceOutage": "newsroom",
    "PartialFiltering": "newsroom",
    "FailsEverywhere": "newsroom",
    "VerdictsDisagree": "newsroom",
    INCIDENT: "newsroom",
    PLACE: "nobody",
    "IncidentSuspected": "nobody",
    "CountryThin": "nobody",
    "ProbeHostDown": "operators",
    "CorrelatorStale": "operators",
    "Watchdog": "watchdog",
}


@needs_amtool
@pytest.mark.parametrize("name", ROUTES)
def test_an_alert_goes_to(name: str) -> None:
    labels = [f"{key}={value}" for key, value in ({"alertname": name} | DUTIES[name]).items()]
    answer = ran(AMTOOL, "config", "routes", "test", f"--config.file={FILE}", *labels)
    assert answer.stdout.split() == [ROUTES[name]]


# ── inhibition ───────────────────────────────────────────────────────────────────────────────

Labels = Mapping[str, str]


class Status(msgspec.Struct):
    inhibited: tuple[str, ...] = msgspec.field(name="inhibitedBy")


class Receiver(msgspec.Struct, frozen=True):
    name: str


class Held(msgspec.Struct):
    labels: dict[str, str]
    status: Status
    receivers: tuple[Receiver, ...]


class Case(msgspec.Struct, frozen=True):
    """What holds; what is then left out; what is shown all the same."""

    source: Labels
    quiet: tuple[Labels, ...]
    shown: tuple[Labels, ...] = ()


def alert(name: str, **labels: str) -> Labels:
    return {"alertname": name} | DUTIES[name] | labels


CASES = {
    "an outage explains what is worse in some networks, but not a country that filters": Case(
        alert("ServiceOutage", service="tw", cause="service_outage"),
        (
            alert("PartialFiltering", service="tw", country="RU", cause="filtering"),
            alert("GeoBlock", service="tw", country="IR", cause="geo_block"),
            alert("FailsEverywhere", service="tw"),
            alert("FailsInOneCountry", service="tw", country="DE"),
        ),
        (
            alert("FilteringInCountry", service="tw", country="TR", cause="filtering"),
            alert("PartialFiltering", service="fb", country="RU", cause="filtering"),
            alert("VerdictsDisagree", service="tw", country="TR", side="country"),
        ),
    ),
    "what the correlator put down to a country is not told again by the metrics": Case(
        alert("FilteringInCountry", service="tw", country="TR", cause="filtering"),
        (
            alert("FailsInOneCountry", service="tw", country="TR"),
            alert("PartialFiltering", service="tw", country="TR", cause="filtering"),
            alert("CertificateMismatchInCountry", service="tw", country="TR", feature="web"),
        ),
        (alert("FailsInOneCountry", service="tw", country="RU"),),
    ),
    "a country that is cut off filters nothing, and its hosts are not down": Case(
        alert("NetworkDisruption", country="IR", cause="network_disruption"),
        (
            alert("FilteringInCountry", service="tw", country="IR", cause="filtering"),
            alert("ProbeHostDown", instance="ir1", country="IR"),
            alert("ProbeHostCutOff", instance="ir1", country="IR"),
            alert("CountrySilent", country="IR"),
            alert("VerdictLost", service="tw", country="IR"),
        ),
        (
            alert("ProbeHostDown", instance="de1", country="DE"),
            alert("ProbeConfigReloadFailed", instance="ir2", country="IR"),
            alert("ServiceOutage", service="tw", cause="service_outage"),
        ),
    ),
    "one operator cut off does not excuse filtering by the others": Case(
        alert("PartialDisruption", country="CA", cause="network_disruption"),
        (alert("ProbeHostDown", instance="ca1", country="CA"),),
        (alert("FilteringInCountry", service="tw", country="CA", cause="filtering"),),
    ),
    "a dependency that is down explains what the metrics say": Case(
        alert("DependencyOutage", service="tw", cause="dependency_outage"),
        (alert("FailsEverywhere", service="tw"),),
        (alert("ServiceOutage", service="tw", cause="service_outage"),),
    ),
    "a stale correlator's verdicts are not told, a certificate seen by agents is": Case(
        alert("CorrelatorStale", instance="c"),
        (
            alert("ServiceOutage", service="tw", cause="service_outage"),
            alert("VerdictsDisagree", service="tw", country="TR", side="country"),
            alert("VerdictLost", service="tw", country="TR"),
        ),
        (
            alert("CertificateMismatchInCountry", service="fb", country="TR", feature="web"),
            alert("FailsEverywhere", service="fb"),
            alert("ProbeHostDown", instance="de1", country="DE"),
        ),
    ),
    "without a correlator agents cannot but wait": Case(
        alert("CorrelatorDown"),
        (
            alert("UplinkFailing", instance="de1", country="DE"),
            alert("SpoolFilling", instance="de1", country="DE"),
            alert("IntakeSilent", instance="c"),
        ),
        (alert("MeasurementsDropped", instance="de1", country="DE"),),
    ),
    "a host that is down has no other complaints": Case(
        alert("ProbeHostDown", instance="de1", country="DE"),
        (alert("SchedulerLag", instance="de1", country="DE"),),
        (alert("SchedulerLag", instance="de2", country="DE"),),
    ),
    "a host that is unwell is not cut off": Case(
        alert("ProbeHostUnhealthy", instance="de1", country="DE"),
        (alert("ProbeHostCutOff", instance="de1", country="DE"),),
        (alert("ProbeHostCutOff", instance="de2", country="DE"),),
    ),
    "the statement is told once, in the correlator's words": Case(
        alert(INCIDENT, incident="i1", service="tw", cause="filtering", country="TR"),
        (alert("FilteringInCountry", service="tw", cause="filtering", country="TR"),),
        (alert("FilteringInCountry", service="tw", cause="filtering", country="RU"),),
    ),
    "what is only suspected in a statement is told where the rules are sure": Case(
        alert("ProbeHostDown", instance="de1", country="DE"),
        (alert("SchedulerLag", instance="de1", country="DE"),),
        (
            alert(INCIDENT, service="tw", cause="filtering", country="TR", severity="info"),
            alert("FilteringInCountry", service="tw", cause="filtering", country="TR"),
        ),
    ),
    "an outage in some countries is told once, in the correlator's words": Case(
        alert(INCIDENT, service="tw", cause="service_outage", country="DE,FR", scope="countries"),
        (alert("ServiceOutage", service="tw", cause="service_outage"),),
        (alert("ServiceOutage", service="fb", cause="service_outage"),),
    ),
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    names = re.findall(r"^  - name: (\w+)$", FILE.read_text(), re.MULTILINE)
    silent = "receivers:\n" + "".join(f"  - name: {name}\n" for name in names)
    (folder / FILE.name).write_text(FILE.read_text().partition("receivers:")[0] + silent)
    (port,) = free_ports(1)
    command = [
        str(ALERTMANAGER),
        f"--config.file={folder / FILE.name}",
        f"--storage.path={folder / 'state'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running("alertmanager", command, folder):
        until(lambda: answers(port, "/-/ready"), "Alertmanager answers")
        yield f"http://127.0.0.1:{port}/api/v2/alerts"


def post(api: str, alerts: tuple[Labels, ...], lasting: timedelta) -> None:
    ends = SystemClock().now() + lasting
    starts = ends - timedelta(minutes=10)
    body = [{"labels": labels, "startsAt": starts, "endsAt": ends} for labels in alerts]
    request = urllib.request.Request(  # noqa: S310 — loopback
        api, msgspec.json.encode(body), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


def inhibited(api: str) -> dict[bool, list[dict[str, str]]]:
    held = msgspec.json.decode(got(api), type=tuple[Held, ...])
    return {
        quiet: [a.labels for a in held if bool(a.status.inhibited) is quiet]
        for quiet in (True, False)
    }


def rank(alerts: tuple[Labels, ...] | list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(labels.items()) for labels in alerts)


@needs_alertmanager
@pytest.mark.parametrize("name", CASES)
def test_one_incident_one_message(name: str, api: str) -> None:
    case = CASES[name]
    everything = (case.source, *case.quiet, *case.shown)
    post(api, everything, timedelta(minutes=5))
    try:
        until(lambda: len(inhibited(api)[True]) >= len(case.quiet), "inhibited", 10)
        found = inhibited(api)
        assert rank(found[True]) == rank(case.quiet)
        assert rank(found[False]) == rank((case.source, *case.shown))
    finally:
        post(api, everything, timedelta(0))


def statement(*countries: str) -> tuple[Labels, ...]:
    """Give the labels under which the correlator tells of filtering in these countries."""
    now = SystemClock().now()
    held = Incident(
        id="i1", service="tw", features=("web",), cause=Cause.FILTERING, state=State.CONFIRMED,
        scope=Scope.COUNTRIES, countries=countries, opened=now, updated=now,
    )  # fmt: skip
    told = Delivery(id="m1", receiver="a", event=Event.OPENED, at=now, incident=held)
    body = letter.alerts(told, "", now, timedelta(minutes=1))
    return tuple(posted.labels for posted in msgspec.json.decode(body, type=list[Posted]))


class Posted(msgspec.Struct):
    labels: dict[str, str]


@needs_alertmanager
def test_an_incident_of_several_countries_is_one_message_and_not_one_for_each(api: str) -> None:
    whole, *places = statement("AZ", "TR")
    there = [
        alert("FilteringInCountry", service="tw", cause="filtering", country=c)
        for c in ("AZ", "TR")
    ]
    shaken = alert("CertificateMismatchInCountry", service="tw", country="AZ", feature="web")
    elsewhere = alert("FilteringInCountry", service="tw", cause="filtering", country="RU")
    everything = (whole, *places, *there, shaken, elsewhere)
    post(api, everything, timedelta(minutes=5))
    try:
        until(lambda: len(inhibited(api)[True]) >= 3, "inhibited", 10)
        assert rank(inhibited(api)[True]) == rank((*there, shaken))
        assert rank(told_to(api, "newsroom")) == rank((whole, elsewhere))
    finally:
        post(api, everything, timedelta(0))


def told_to(api: str, receiver: str) -> list[dict[str, str]]:
    held = msgspec.json.decode(got(api), type=tuple[Held, ...])
    sent = [alert for alert in held if not alert.status.inhibited]
    return [alert.labels for alert in sent if Receiver(receiver) in alert.receivers]


# ── words ────────────────────────────────────────────────────────────────────────────────────

ONE = {
    "status": "firing",
    "labels": {"alertname": INCIDENT, "severity": "critical", "scope": "global"},
    "annotations": {
        "summary": "Twitter: international outage.",
        "description": "Seen by 9 vantages.",
        "incident_url": "https://pages.example.org/incidents/1",
        "runbook_url": "https://runbooks.example.org/#serviceoutage",
    },
    "startsAt": "2022-12-29T00:05:00Z",
    "endsAt": "2022-12-29T02:30:00Z",
}


def rendered(text: str, folder: Path, *alerts: Mapping[str, object]) -> str:
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    (folder / "data.json").write_bytes(msgspec.json.encode({"status": status, "alerts": alerts}))
    answer = ran(
        AMTOOL, "template", "render", f"--template.glob={FOLDER}/templates/*.tmpl",
        f"--template.data={folder}/data.json", f"--template.text={text}",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@needs_amtool
def test_a_message_says_what_since_when_and_where_to_look(tmp_path: Path) -> None:
    said = rendered('{{ template "worksforwhom.text" . }}', tmp_path, ONE)
    assert said.strip().splitlines() == [
        "Twitter: international outage.",
        "Seen by 9 vantages.",
        "Since 2022-12-29 00:05 UTC. critical, global.",
        "Evidence:  https://pages.example.org/incidents/1",
        "Runbook:   https://runbooks.example.org/#serviceoutage",
    ]


@needs_amtool
def test_a_message_of_an_end_says_when_it_was(tmp_path: Path) -> None:
    said = rendered('{{ template "worksforwhom.text" . }}', tmp_path, ONE | {"status": "resolved"})
    assert said.strip().splitlines() == [
        "Ended:",
        "- Twitter: international outage. (2022-12-29 00:05 to 2022-12-29 02:30 UTC)",
    ]


@needs_amtool
def test_a_subject_says_how_many_more(tmp_path: Path) -> None:
    subject = '{{ template "worksforwhom.subject" . }}'
    assert rendered(subject, tmp_path, ONE).strip() == "Twitter: international outage."
    assert rendered(subject, tmp_path, ONE, ONE).strip().endswith("(and 1 more)")
    ended = ONE | {"status": "resolved"}
    assert rendered(subject, tmp_path, ended).strip().startswith("Ended: Twitter")
