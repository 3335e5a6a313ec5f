"""What waits in the outbox is read again as it was written, also by another release."""

from datetime import UTC, datetime

import msgspec
import pytest

from probe.model import Cause, Delivery, Event, Incident, Scope, State

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
HELD = Incident(
    id="i-1", service="twitter", features=("web",), cause=Cause.FILTERING, state=State.LIKELY,
    scope=Scope.COUNTRIES, opened=NOW, updated=NOW,
)  # fmt: skip


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("before", [None, HELD])
def test_it_comes_back_as_it_was(event: Event, before: Incident | None) -> None:
    sent = Delivery(id="msg_1", receiver="hook", event=event, at=NOW, incident=HELD, before=before)
    record = msgspec.json.encode(sent)
    assert msgspec.json.decode(record, type=Delivery) == sent
    newer = record.replace(b'{"id"', b'{"new":1,"id"', 1)
    assert msgspec.json.decode(newer, type=Delivery) == sent
