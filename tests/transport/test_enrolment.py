"""Only an enrolled token authenticates, and only the sender's own measurements are its own."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import CorrelatorConfig, EnrolledAgent, Judging, Seconds, Secret
from probe.model import Measurement, Target, Vantage
from probe.transport import wire
from probe.transport.enrolment import Enrolled, UnknownAgentError, authenticate, own, terms

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
TOKEN = "a-token-of-tr-1"
DIGEST = hashlib.sha256(TOKEN.encode()).digest()
TR = Vantage(id="tr-1", country="TR", asn=9121, network="TTNet")


def measurement(number: int, vantage: str) -> Measurement:
    return Measurement(
        id=str(uuid.UUID(int=number)),
        at=NOW,
        took=0.25,
        vantage=Vantage(id=vantage, country="DE", asn=1),
        target=Target(service="twitter", feature="web", endpoint="front"),
    )


@given(st.text())
def test_no_header_but_the_right_one_authenticates(header: str) -> None:
    agent = Enrolled(DIGEST, TR)
    with pytest.raises(UnknownAgentError, match="no agent has this token"):
        authenticate(header, (agent,))
    assert authenticate(f"bearer {TOKEN}", (agent,)) is agent


def test_a_token_is_the_same_written_in_a_file_or_as_its_digest(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    for agent in (
        EnrolledAgent(vantage=TR, token=Secret(TOKEN)),
        EnrolledAgent(vantage=TR, token_file=str(tmp_path / "token")),
        EnrolledAgent(vantage=TR, token_sha256=DIGEST.hex().upper()),
    ):
        agreed = terms(CorrelatorConfig(agents=(agent,)))
        assert agreed.agents == (Enrolled(DIGEST, TR),)


def test_the_window_is_what_a_verdict_looks_back() -> None:
    judging = Judging(round=Seconds(30), rounds=4, late=Seconds(3600))
    agreed = terms(CorrelatorConfig(agents=(), judging=judging))
    assert (agreed.window, agreed.oldest) == (timedelta(minutes=2), timedelta(hours=1))


@given(st.lists(st.sampled_from(["tr-1", "de-1", "broken"]), max_size=12))
def test_every_line_is_kept_with_the_enrolled_facts_or_refused(senders: list[str]) -> None:
    lines = [
        b"{" if sender == "broken" else wire.line(measurement(number, sender))
        for number, sender in enumerate(senders)
    ]
    batch = own(wire.decode(b"\n".join(lines), now=NOW, late=timedelta(days=1)), TR)
    expected = [number for number, sender in enumerate(senders, start=1) if sender == "tr-1"]
    assert list(batch.lines) == expected
    assert all(held.vantage == TR for held in batch.accepted)
    refused = [refusal.line for refusal in batch.refused]
    assert sorted(refused + expected) == list(range(1, len(senders) + 1))
    assert refused == sorted(refused)
    foreign = [r.line for r in batch.refused if r.reason is wire.Reason.FOREIGN_VANTAGE]
    assert foreign == [n for n, sender in enumerate(senders, start=1) if sender == "de-1"]
