"""What leaves the house has the shape that was promised, and nothing that leads to a volunteer."""

import json
from datetime import UTC, datetime

import msgspec

from probe.judge.statement import MOST_SURE
from probe.model import Cause, Evidence, Standing, State, Verdict
from probe.web import render
from tests.web.world import World


def test_a_verdict_has_the_promised_fields_and_each_rule_once(world: World) -> None:
    shown = json.loads(msgspec.json.encode(render.verdict(world.verdicts[0])))
    assert shown == {
        "service": "twitter",
        "feature": "web",
        "country": "US",
        "network": 0,
        "leading": "service_outage",
        "state": "confirmed",
        "confidence": 0.96,
        "support": {"service_outage": 0.96, "filtering": 0.04},
        "mechanisms": [],
        "evidence": ["http.server_error"],
        "vantages": 2,
        "networks": 2,
        "effective_networks": 2.0,
        "strongest": shown["strongest"],
    }
    assert {one["rule"] for one in shown["strongest"]} == {"http.server_error"}


def test_a_verdict_names_its_three_strongest_pieces_of_several_rules_first() -> None:
    rules = ("test.own_address_cut", "tls.reset_name", "tls.reset_name", "test.neutral_alike", "tls.reset_name")  # fmt: skip
    held = Verdict(
        service="s", feature="web", country="TR", network=0, at=datetime(2026, 1, 1, tzinfo=UTC),
        leading=Cause.FILTERING, state=State.CONFIRMED, confidence=1.0,
        support=dict.fromkeys(Cause, 0.0) | {Cause.FILTERING: 1.0}, vantages=3, networks=2,
        evidence=tuple(
            Evidence(rule=rule, standing=Standing.SCORED, measurement=f"m{n}", vantage="v")
            for n, rule in enumerate(rules)
        ),
    )  # fmt: skip
    shown = render.verdict(held)
    assert [one.measurement for one in shown.strongest] == ["m1", "m0", "m3"]
    assert [one.strength for one in shown.strongest][1:] == [5.0, None]
    assert (shown.strongest[0].strength or 0) > 5.0
    fewer = render.verdict(msgspec.structs.replace(held, evidence=held.evidence[1:3]))
    assert [one.measurement for one in fewer.strongest] == ["m1", "m2"]
    assert shown.effective_networks == 2.31
    told = render.verdict(msgspec.structs.replace(held, effective=2.25))
    assert told.effective_networks == 2.25


def test_nothing_is_surer_than_is_said(world: World) -> None:
    sure = msgspec.structs.replace(world.verdicts[0], confidence=1.0)
    assert render.verdict(sure).confidence == MOST_SURE
    held = msgspec.structs.replace(world.incident, confidence=1.0)
    assert render.incident(held).confidence == MOST_SURE


def test_an_incident_has_the_promised_fields(world: World) -> None:
    shown = json.loads(msgspec.json.encode(render.incident(world.incident)))
    assert list(shown) == [
        "id",
        "service",
        "features",
        "cause",
        "state",
        "scope",
        "countries",
        "networks",
        "mechanisms",
        "opened",
        "updated",
        "closed",
        "confidence",
        "statement",
    ]
    assert (shown["opened"], shown["closed"]) == ("2022-12-28T21:05:00Z", None)


def test_evidence_names_its_witness_by_place(world: World) -> None:
    (piece,) = render.detail(world.incident, [world.measurement]).evidence
    assert (piece.country, piece.asn, piece.kind) == ("US", 64496, "residential")
    (blank,) = render.detail(world.incident, []).evidence
    assert (blank.country, blank.asn, blank.kind) == ("", 0, None)
    assert blank.rule == piece.rule


def test_nothing_that_leads_to_a_volunteer_is_shown(world: World) -> None:
    shown = msgspec.json.encode(
        (
            render.witness(world.measurement),
            render.detail(world.incident, [world.measurement]),
            [render.verdict(verdict) for verdict in world.verdicts],
        )
    ).decode()
    assert not [secret for secret in world.secrets if secret in shown]


def test_each_step_says_what_it_came_to(world: World) -> None:
    seen = render.witness(world.measurement).sights
    assert [(s.layer, s.subject, s.outcome) for s in seen] == [
        ("dns", "twitter.test A", "192.0.2.1"),
        ("tcp", "[2001:db8::1]:443", "ok"),
        ("tls", "t.test", "ok"),
        ("http", "https://twitter.test/", "503, status"),
        ("http", "a redirect's target", "200"),
        ("quic", "t.test", "version 1"),
        ("quic", "u.test", "ok"),
    ]
