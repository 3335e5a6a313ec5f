"""Counts follow their targets, health follows the controls, and logs follow changes alone."""

import logging
from datetime import UTC, datetime

import msgspec
import pytest

from probe.agent.ledger import Ledger
from probe.model import (
    CHAIN,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Layer,
    Measurement,
    Tally,
    Target,
    TcpConnect,
    Transport,
    Vantage,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A = Target(service="a", feature="web", endpoint="front")
B = Target(service="b", feature="web", endpoint="front")
CONTROL = Target(service="control", feature="foreign", endpoint="one")


def run(target: Target, *, well: bool) -> Measurement:
    failure = None if well else Failure(name="connection_refused")
    tcp = TcpConnect(at=NOW, took=0.1, address="192.0.2.1", port=80, failure=failure)
    http = HttpExchange(
        at=NOW, took=0.1, url="", address="", status=200, expectation=Expectation.MET
    )
    return Measurement(
        id="0" * 16,
        at=NOW,
        took=0.5,
        vantage=Vantage(id="de-1", country="DE", asn=3320),
        target=target,
        observations=(tcp, http) if well else (tcp,),
    )


def test_runs_are_counted_by_target() -> None:
    ledger = Ledger()
    ledger.keep([A, B])
    ledger.record(run(A, well=True))
    ledger.record(run(A, well=False))
    ledger.skipped(A)
    first, second = ledger.rows()
    assert (first.runs, first.skipped) == (2, 1)
    assert first.failures == {("connection_refused", Layer.TCP): 1}
    assert first.latest is not None
    last = first.latest()
    assert (last.success, last.took, last.status) == (False, 0.1, 0)
    assert (second.target, second.runs, second.latest) == (B, 0, None)


def test_a_removed_target_takes_its_counts_along() -> None:
    ledger = Ledger()
    ledger.keep([A, B])
    ledger.record(run(A, well=True))
    ledger.keep([B])
    ledger.record(run(A, well=True))
    ledger.skipped(A)
    assert [row.target for row in ledger.rows()] == [B]
    ledger.keep([A, B])
    assert ledger.rows()[0].runs == 0


def count(ledger: Ledger, service: str, layer: Layer) -> float:
    return ledger.stages()[service, "web", layer].buckets()[-1][1]


def test_steps_that_went_well_are_timed_by_stage() -> None:
    ledger = Ledger()
    ledger.keep([A, B])
    ledger.record(run(A, well=True))
    ledger.record(run(A, well=False))
    assert [count(ledger, "a", layer) for layer in CHAIN] == [0, 1, 0, 1]
    assert [count(ledger, "b", layer) for layer in CHAIN] == [0, 0, 0, 0]
    told = ledger.stages()["a", "web", Layer.TCP].exemplars
    assert [held.measurement for held in told.values()] == ["0" * 16]
    ledger.keep([B])
    assert {service for service, _, _ in ledger.stages()} == {"b"}


def test_questions_to_encrypted_resolvers_are_counted_by_how_they_ended() -> None:
    ledger = Ledger()
    ledger.keep([A])
    test = DifferentialTest.SECOND_RESOLVER
    plain = DnsLookup(at=NOW, took=0.1, name="a", test=test)
    sealed = msgspec.structs.replace(plain, transport=Transport.TLS)
    cut = Failure(name="connection_reset")
    lost = msgspec.structs.replace(sealed, failure=cut, failed_at=Layer.TLS)
    ledger.record(
        msgspec.structs.replace(run(A, well=True), observations=(plain, sealed, lost, lost))
    )
    assert ledger.encrypted == {(Transport.TLS, "answered"): 1, (Transport.TLS, "tls"): 2}


def test_free_text_is_no_label_value() -> None:
    ledger = Ledger()
    ledger.keep([A])
    for words in ("no such device", "what: else"):
        strange = Failure(name=f"unknown_failure: {words}")
        tcp = TcpConnect(at=NOW, took=0.1, address="192.0.2.1", port=80, failure=strange)
        ledger.record(msgspec.structs.replace(run(A, well=False), observations=(tcp,)))
    assert ledger.rows()[0].failures == {("unknown_failure", Layer.TCP): 2}


def test_a_snapshot_does_not_change_any_more() -> None:
    ledger = Ledger()
    ledger.keep([A])
    rows, stages, lag = ledger.rows(), ledger.stages(), ledger.lag()
    ledger.record(run(A, well=False))
    ledger.record(run(A, well=True))
    ledger.began(0.5)
    assert (rows[0].runs, rows[0].failures, lag.total) == (0, {}, 0.0)
    assert stages["a", "web", Layer.TCP].total == 0.0
    assert ledger.lag().total == 0.5


def test_health_follows_the_controls() -> None:
    ledger = Ledger()
    ledger.keep([CONTROL, A])
    assert ledger.unchecked() == 1
    ledger.record(run(CONTROL, well=True))
    assert (ledger.unchecked(), ledger.health.foreign) == (0, Tally(ok=1, of=1))
    ledger.record(run(CONTROL, well=False))
    assert ledger.health.reason == "offline"
    ledger.keep([A])
    assert (ledger.health.reason, ledger.health.foreign) == ("", Tally())


def test_only_changes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ledger = Ledger()
    ledger.keep([A, CONTROL])
    for well in (True, False, False, True, True):
        ledger.record(run(A, well=well))
    ledger.record(run(CONTROL, well=False))
    ledger.record(run(CONTROL, well=True))
    assert [(vars(r)["target"], vars(r)["state"]) for r in caplog.records[:4]] == [
        ("a/web/front", "connection_refused"),
        ("a/web/front", "well"),
        ("control/foreign/one", "connection_refused"),
        ("vantage", "offline"),
    ]
    assert ledger.failing() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "a/web/front fails: connection_refused (tcp)",
        "a/web/front is well again",
        "control/foreign/one fails: connection_refused (tcp)",
        "this vantage: offline",
        "control/foreign/one is well again",
        "this vantage: well again, was offline",
    ]


def test_another_exit_is_said_until_it_is_the_own_again() -> None:
    ledger = Ledger()
    for moved, reason in ((True, "exit_changed"), (False, "")):
        ledger.moved(moved)
        assert ledger.health.reason == reason


def test_the_resolvers_network_is_told_with_the_health_of_the_vantage() -> None:
    ledger = Ledger()
    ledger.resolved("9.9.0.0/16")
    ledger.moved(moved=True)
    assert (ledger.health.resolver, ledger.health.reason) == ("9.9.0.0/16", "exit_changed")
    ledger.resolved("")
    assert ledger.health.resolver == ""
