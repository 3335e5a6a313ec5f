"""A service fails everywhere while another is filtered in one country: two alerts, each told once."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.committed import EVERYTHING, expressions, surroundings
from probe.lab.kernel.sandbox.namespace import reason_not
from tests.deploy import webhook
from tests.deploy.live import PROCESSES, Installation, Message, Place, Told, got, installed
from tests.deploy.rules import (
    PROMTOOL,
    RECORDED,
    RULES,
    names,
    needs_alertmanager,
    needs_prometheus,
)

pytestmark = [needs_prometheus, needs_alertmanager]
RECORDED_SURE = "country_feature:worksforwhom_verdict_sure:max"


CELLS = 3 * (2 + 1)
"""Three countries; two features of the one service, one of the other."""
ALERTED = ("ServiceOutage", "FilteringInCountry")
ENDED = b'"type":"incident.closed"'

SHORT = EVERYTHING | {"__rate_interval": "10s"}
ASKED = {
    f"{found.dashboard}: {found.panel} {found.ref}".strip(): (found.expr, chosen.expr)
    for found, chosen in zip(
        (*expressions(SHORT), *surroundings(SHORT)),
        (*expressions(SHORT | {"country": "DE"}), *surroundings(SHORT | {"country": "DE"})),
        strict=True,
    )
}
"""What the dashboards ask: of all countries, and of one (for what compares it with the others)."""


class Rule(msgspec.Struct, frozen=True):
    name: str
    health: str
    error: str = msgspec.field(default="", name="lastError")


class Group(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]


class Groups(msgspec.Struct, frozen=True):
    groups: tuple[Group, ...]


class Rules(msgspec.Struct, frozen=True):
    data: Groups


class Names(msgspec.Struct, frozen=True):
    data: frozenset[str]


@dataclass
class Story:
    """What was seen while the service was well, failed, and was well again."""

    world: Installation
    endpoints: dict[str, bytes] = field(default_factory=dict)
    quiet: tuple[Message, ...] = ()
    known: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    fired: frozenset[str] = frozenset()
    told: tuple[Message, ...] = ()
    posted: tuple[webhook.Post, ...] = ()
    """What the correlator's own webhook brought."""
    answered: dict[str, bool] = field(default_factory=dict)
    """Which questions of the dashboards had an answer."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    with installed(tmp_path_factory.mktemp("live")) as world:
        told = Story(world)
        begin(told)
        fail(told)
        recover(told)
        yield told


def begin(story: Story) -> None:
    world = story.world
    world.until("all are scraped", lambda: len(world.query("up == 1")) == PROCESSES)
    votes = "instance:worksforwhom_vantage_votes:min5m == 1"
    world.until("all may vote", lambda: len(world.query(votes)) == PROCESSES - 1)
    well = 'worksforwhom_verdict_cause{service!="",worksforwhom_verdict_cause="ok"} == 1'
    sure = f"({well}) and on (country, service, feature) {RECORDED_SURE} == 1"
    # Also where that is over by now: the scenario waits for nobody.
    was = f"count_over_time(({sure})[1m:1s])"
    world.until("all is surely well", lambda: len(world.query(was)) == CELLS)
    story.quiet = tuple(world.servers.told("newsroom"))


def fail(story: Story) -> None:
    world = story.world
    world.until("both are told", lambda: len(world.servers.told("newsroom")) == len(ALERTED))
    said = {"FailsEverywhere", "FailsInOneCountry"}
    world.until("the metrics say so too", lambda: said <= firing(world))
    story.fired = firing(world)
    places = msgspec.json.decode((world.folder / "lab.json").read_bytes(), type=list[Place])
    story.endpoints = {
        place.labels["job"]: got(f"http://{place.targets[0]}/metrics") for place in places
    }
    api = f"http://127.0.0.1:{world.places.prometheus}/api/v1"
    found = msgspec.json.decode(got(f"{api}/label/__name__/values"), type=Names)
    evaluated = msgspec.json.decode(got(f"{api}/rules"), type=Rules)
    story.known = found.data
    story.rules = tuple(rule for group in evaluated.data.groups for rule in group.rules)
    story.answered = {name: answered(world, *asked) for name, asked in ASKED.items()}


def answered(world: Installation, *asked: str) -> bool:
    """Say whether one of them has data now, or had within half a minute (a spool is often empty)."""
    lately = [f"count_over_time(({expr})[30s:1s])" for expr in asked]
    return any(world.query(expr) for expr in (*asked, *lately))


def recover(story: Story) -> None:
    world = story.world
    world.until("its end is told", lambda: "resolved" in statuses(world.servers.told("newsroom")))
    world.until("the metrics are well", lambda: "FailsEverywhere" not in firing(world))
    story.told = tuple(world.servers.told("newsroom"))
    world.until("so does the webhook", lambda: b"".join(bodies(world)).count(ENDED))
    story.posted = tuple(webhook.posted(world.folder))


def bodies(world: Installation) -> Iterator[bytes]:
    return (post.body for post in webhook.posted(world.folder))


def statuses(messages: Iterable[Message]) -> list[str]:
    return [message.status for message in messages]


def firing(world: Installation) -> frozenset[str]:
    return frozenset(s.metric["alertname"] for s in world.query('ALERTS{alertstate="firing"}'))


# ── what was seen ────────────────────────────────────────────────────────────────────────────


def test_nothing_is_told_while_all_is_well(story: Story) -> None:
    assert story.quiet == ()


def told(story: Story, name: str) -> tuple[list[str], list[Told]]:
    """Give the statuses of the messages on an alert, and the alerts in them."""
    messages = [m for m in story.told if m.alerts[0].labels["alertname"] == name]
    return statuses(messages), [alert for message in messages for alert in message.alerts]


def test_nothing_but_these_is_told(story: Story) -> None:
    named = {alert.labels["alertname"] for message in story.told for alert in message.alerts}
    assert named == set(ALERTED)


def test_an_outage_is_told_once_and_so_is_its_end(story: Story) -> None:
    said, (opened, closed) = told(story, "ServiceOutage")
    assert said == ["firing", "resolved"]
    assert opened.labels == closed.labels
    assert opened.labels == {
        "alertname": "ServiceOutage",
        "cause": "service_outage",
        "component": "verdict",
        "service": "twitter",
        "severity": "critical",
    }
    assert opened.annotations["summary"] == "twitter has an outage of its own."
    assert opened.annotations["description"].endswith("Failing in: DE, FR, TR")


def test_filtering_is_told_once_and_goes_on(story: Story) -> None:
    said, (opened,) = told(story, "FilteringInCountry")
    assert said == ["firing"]
    assert (opened.labels["service"], opened.labels["country"]) == ("chirp", "TR")
    assert opened.annotations["summary"] == "chirp is filtered in TR."


def test_what_the_metrics_say_beside_it_is_left_out(story: Story) -> None:
    assert {*ALERTED, "FailsEverywhere", "FailsInOneCountry", "Watchdog"} <= story.fired
    assert "VerdictsDisagree" not in story.fired


def test_the_watchdog_barks(story: Story) -> None:
    assert story.world.servers.told("watchdog")


def test_every_rule_is_evaluated_without_an_error(story: Story) -> None:
    assert len(story.rules) == len(RULES)
    assert [rule for rule in story.rules if rule.health != "ok" or rule.error] == []


def letters(story: Story, service: str) -> list[webhook.Letter]:
    said = [msgspec.json.decode(post.body, type=webhook.Letter) for post in story.posted]
    return [letter for letter in said if letter.data.service == service]


def test_the_correlators_own_webhook_is_signed_and_comes_once(story: Story) -> None:
    assert [post for post in story.posted if not webhook.genuine(post)] == []
    assert {post.path for post in story.posted} == {"/told"}
    names = [post.headers["webhook-id"] for post in story.posted]
    assert len(set(names)) == len(names)


def test_the_webhook_tells_the_outage_from_its_beginning_to_its_end(story: Story) -> None:
    first, *between, last = letters(story, "twitter")
    assert (first.type, last.type) == ("incident.opened", "incident.closed")
    assert {letter.type for letter in between} <= {"incident.updated"}
    assert {letter.data.id for letter in (first, *between, last)} == {first.data.id}
    assert last.data.cause == "service_outage"
    assert first.url == f"https://status.example/incidents/{first.data.id}"


def test_the_webhook_tells_the_filtering_which_goes_on(story: Story) -> None:
    first, *more = letters(story, "chirp")
    assert (first.type, first.data.cause) == ("incident.opened", "filtering")
    assert {letter.type for letter in more} <= {"incident.updated"}
    assert "Chirp" in first.data.statement


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_series_has_data(name: str, story: Story) -> None:
    assert name in story.known


def test_every_metric_of_the_rules_was_scraped(story: Story) -> None:
    used = {name for rule in RULES for name in names(rule.expr)}
    assert used - story.known == set()


SELECTOR = re.compile(r"(?<![\w:])((?:probe|worksforwhom)_\w+)\{(.*?)\}")
SCRAPED = {"job", "instance", "country", "asn", "network_kind"}


def test_every_label_of_the_rules_was_scraped(story: Story) -> None:
    held: dict[str, set[str]] = defaultdict(set)
    for text in story.endpoints.values():
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                held[sample.name] |= sample.labels.keys()
    asked = [found for rule in RULES for found in SELECTOR.findall(rule.expr)]
    assert asked
    for name, matchers in asked:
        assert set(re.findall(r"(\w+)(?:!=|=~|!~|=)", matchers)) <= held[name] | SCRAPED, name


@pytest.mark.parametrize("name", ["worksforwhom-agent", "worksforwhom-correlator"])
def test_what_is_exposed_is_clean_to_the_linter(name: str, story: Story) -> None:
    command = [str(PROMTOOL), "check", "metrics"]
    answer = subprocess.run(  # noqa: S603
        command, input=story.endpoints[name], capture_output=True, check=False
    )
    assert (answer.returncode, answer.stderr.decode()) == (0, "")


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_dashboards_question_is_answered(name: str, story: Story) -> None:
    assert story.answered[name]
