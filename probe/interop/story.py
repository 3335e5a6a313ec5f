"""The order of one measurement: which host each redirect led to, and whose addresses were whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import msgspec

from probe.interop import names
from probe.interop.form import Binary, Query, Report, Response, Text, Transaction
from probe.interop.refusal import ForeignError, Reason

SYSTEM = frozenset({"getaddrinfo", "system", "golang_net_resolver", "unknown", ""})
"""Engines that ask as any program of the vantage would."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_SECONDS = 3600.0


class Turn(msgspec.Struct, frozen=True):
    """One request, and the hop that it was."""

    hop: int
    transaction: Transaction


class Story(msgspec.Struct, frozen=True, kw_only=True):
    report: Report
    begun: datetime
    turns: tuple[Turn, ...]
    """By hop."""
    hosts: dict[int, str]
    """Hop → the host it was about."""
    own: dict[str, frozenset[str]]
    """Host → addresses that the system's resolver gave."""

    def at(self, t0: float | None, t: float | None) -> datetime:
        start = t0 if t0 is not None else t
        return self.begun + timedelta(seconds=_bounded(start))


def story(report: Report) -> Story:
    """Put the parts in order; ForeignError where the record does not say when it was made."""
    turns = _turns(report)
    hosts = _hosts(report.input, turns)
    return Story(
        report=report, begun=_time(report.measurement_start_time), turns=turns, hosts=hosts,
        own=_own(report.test_keys.queries or ()),
    )  # fmt: skip


def took(t0: float | None, t: float | None) -> float:
    """Seconds; a version that has no start counts from the measurement's."""
    return _bounded((t or 0.0) - (t0 or 0.0))


def hop_of(told: Story, tags: Sequence[str] | None, host: str) -> int:
    """The hop of a step: as it says, else the last that was about its host."""
    said = names.hop(tags)
    if said is not None:
        return said
    return max((hop for hop, name in told.hosts.items() if name == host), default=0)


def others(told: Story, hop: int, address: str) -> bool:
    """Whether an address came from another resolver than the system's."""
    given = told.own.get(told.hosts.get(hop, ""))
    return given is not None and bool(address) and address not in given


def header(response: Response | None, name: str) -> str:
    for key, value in headers(response):
        if key.lower() == name:
            return value
    return ""


def headers(response: Response | None) -> Iterable[tuple[str, str]]:
    if response is None:
        return
    if response.headers_list:
        for pair in response.headers_list:
            if len(pair) > 1:
                yield words(pair[0]), words(pair[1])
        return
    for name, value in (response.headers or {}).items():
        yield name, words(value)


def words(value: Text) -> str:
    return content(value).decode("utf-8", "replace")


def content(value: Text) -> bytes:
    """Give a text's or a binary's bytes; what cannot be decoded is empty."""
    match value:
        case None:
            return b""
        case str():
            return value.encode("utf-8", "replace")
        case Binary():
            try:
                return msgspec.json.decode(f'"{value.data}"', type=bytes)
            except msgspec.MsgspecError:
                return b""


def target(transaction: Transaction) -> str:
    """Where a redirect leads, absolute; empty where there is none."""
    response = transaction.response
    if response is None or response.code not in REDIRECTS:
        return ""
    location = header(response, "location")
    try:
        return urljoin(transaction.request.url, location) if location else ""
    except ValueError:
        return location


def _turns(report: Report) -> tuple[Turn, ...]:
    """Newest first in the record; a version without tags may lack the oldest."""
    listed = list(reversed(report.test_keys.requests or ()))
    lacks = bool(listed) and listed[0].request.url.split(":")[0] != report.input.split(":")[0]
    found = []
    for index, transaction in enumerate(listed):
        said = names.hop(transaction.tags)
        found.append(Turn(index + lacks if said is None else said, transaction))
    return tuple(sorted(found, key=lambda turn: turn.hop))


def _hosts(url: str, turns: Sequence[Turn]) -> dict[int, str]:
    hosts = {0: names.host(url)}
    for turn in turns:
        hosts[turn.hop] = names.host(turn.transaction.request.url) or hosts.get(turn.hop, "")
        led = names.host(target(turn.transaction))
        if led:
            hosts.setdefault(turn.hop + 1, led)
    return hosts


def _own(queries: Iterable[Query]) -> dict[str, frozenset[str]]:
    own: dict[str, set[str]] = defaultdict(set)
    for query in queries:
        if (query.engine or "") in SYSTEM:
            given = own[query.hostname.lower()]
            given.update(a.ipv4 or a.ipv6 or "" for a in query.answers or ())
    return {name: frozenset(given - {""}) for name, given in own.items()}


def _bounded(seconds: float | None) -> float:
    value = seconds or 0.0
    return min(max(value, 0.0), LONGEST_SECONDS) if value == value else 0.0  # noqa: PLR0124 — NaN


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ForeignError(
            Reason.BAD_FIELD,
            f"measurement_start_time is {text[:40]!r}; `2024-02-12 20:33:47`, in UTC, would be right",
        ) from error
