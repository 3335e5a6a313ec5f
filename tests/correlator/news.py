"""Incidents and receivers for the tests of what is told."""

from datetime import UTC, datetime, timedelta

import msgspec

from probe.config.shape import Receiver, ReceiverKind, Secret
from probe.model import Cause, Change, Evidence, Incident, Scope, Standing, State

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOOK = Receiver(
    name="hook", kind=ReceiverKind.JSON, url=Secret("http://127.0.0.1:1/"), secret=Secret("s")
)
PAGER = Receiver(
    name="pager", kind=ReceiverKind.ALERTMANAGER, url=Secret("http://127.0.0.1:1"),
    at_least=State.CONFIRMED,
)  # fmt: skip


def incident(**changes: object) -> Incident:
    plain = Incident(
        id="20221228T210000-twitter-filtering-tr", service="twitter", features=("web",),
        healthy=("app-api",), cause=Cause.FILTERING, state=State.LIKELY, scope=Scope.COUNTRIES,
        countries=("TR",), networks=(9121, 34984), mechanisms=("tls.sni_rst",), opened=NOW,
        updated=NOW, confidence=0.91, statement="Likely: Twitter is filtered in Türkiye.",
        evidence=(
            Evidence(rule="tls.reset_name", standing=Standing.SCORED, measurement="m-1",
                     vantage="tr-volunteer-7"),
        ),
        vantages=4, history=(Change(at=NOW, what="opened", statement="Likely …"),),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def changed(held: Incident, minutes: int, **changes: object) -> Incident:
    """Give the incident after a change that is worth a line of its history."""
    line = Change(at=NOW + minutes * MINUTE, what="updated", statement="…")
    return msgspec.structs.replace(held, history=(*held.history, line), **changes)
