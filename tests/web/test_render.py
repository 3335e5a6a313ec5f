"""What leaves the house has the shape that was promised, and nothing that leads to a volunteer."""

import json

import msgspec

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
    }


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
