"""What the front page shows, as values: current statements, countries × features, what is over.

Pure. A cell without a verdict is `no data`, one below the evidence floor `insufficient`: neither
is ever shown as working.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from probe.judge.places import country as country_name
from probe.model import CONTROL, Cause, Incident, Scope, Service, State, Vantage, Verdict
from probe.web import words

STALE = timedelta(minutes=2)
"""Verdicts older than this are shown with a warning."""
OVER_SHOWN = 20
FEW_NETWORKS = 6
QUIET = {"ok", "insufficient", "none"}
"""Looks of a cell that names no failure."""

Place = tuple[str, str, str]
"""Service, feature, country."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows besides what the store holds."""

    now: datetime
    services: tuple[Service, ...]
    roster: tuple[Vantage, ...]


class Cell(msgspec.Struct, frozen=True):
    look: str
    word: str
    note: str = ""
    """State, belief and extent of a failure; empty where it works or nothing is known."""


class Row(msgspec.Struct, frozen=True):
    code: str
    name: str
    cells: tuple[Cell, ...]
    behind: str
    """Vantages and networks behind the row."""


class Table(msgspec.Struct, frozen=True):
    id: str
    name: str
    features: tuple[str, ...]
    rows: tuple[Row, ...]
    troubled: bool
    summary: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as people see it first."""

    id: str
    look: str
    cause: str
    state: str
    belief: str
    statement: str
    opened: datetime
    closed: datetime | None
    lasting: str
    about: str


class Front(msgspec.Struct, frozen=True, kw_only=True):
    judged: datetime | None
    stale: bool
    blind: bool
    """No vantage stands behind any verdict."""
    current: tuple[Card, ...]
    unwell: tuple[Card, ...]
    """Probe hosts with a fault of their own: never a statement about a country."""
    over: tuple[Card, ...]
    tables: tuple[Table, ...]
    watching: str


def front(verdicts: Sequence[Verdict], incidents: Sequence[Incident], frame: Frame) -> Front:
    judged = max((verdict.at for verdict in verdicts), default=None)
    shown = [(incident, card(incident, frame)) for incident in incidents]
    open_now = [(i, c) for i, c in shown if i.closed is None]
    return Front(
        judged=judged,
        stale=judged is not None and frame.now - judged > STALE,
        blind=not any(verdict.vantages for verdict in verdicts),
        current=tuple(c for i, c in open_now if i.scope is not Scope.VANTAGE),
        unwell=tuple(c for i, c in open_now if i.scope is Scope.VANTAGE),
        over=_over(shown),
        tables=tables(verdicts, frame),
        watching=_watching(frame),
    )


def _over(shown: Sequence[tuple[Incident, Card]]) -> tuple[Card, ...]:
    closed = [(i.closed, c) for i, c in shown if i.closed and i.scope is not Scope.VANTAGE]
    latest = sorted(closed, key=lambda pair: pair[0], reverse=True)
    return tuple(c for _, c in latest[:OVER_SHOWN])


def _watching(frame: Frame) -> str:
    countries = {vantage.country for vantage in frame.roster}
    return (
        f"{words.count(len(frame.services), 'service')}, watched by "
        f"{words.count(len(frame.roster), 'probe host')} in "
        f"{words.count(len(countries), 'country', 'countries')}"
    )


def card(incident: Incident, frame: Frame) -> Card:
    return Card(
        id=incident.id,
        look=words.look(incident.cause, incident.state),
        cause=words.CAUSES[incident.cause],
        state=words.STATES[incident.state],
        belief=words.percent(incident.confidence),
        statement=incident.statement,
        opened=incident.opened,
        closed=incident.closed,
        lasting=words.lasting((incident.closed or frame.now) - incident.opened),
        about=_about(incident, frame.services),
    )


def _about(incident: Incident, services: Iterable[Service]) -> str:
    service = next((s.name for s in services if s.id == incident.service), incident.service)
    features = ", ".join(named(incident.features, incident.service, services))
    return " · ".join(part for part in (service, features, _where(incident)) if part)


def named(features: Iterable[str], service: str, services: Iterable[Service]) -> list[str]:
    """Name a service's features as the catalogue does; an id it no longer has stands for itself."""
    known = {f.id: f.name for s in services if s.id == service for f in s.features}
    return [known.get(feature, feature) for feature in features]


def _where(incident: Incident) -> str:
    countries = ", ".join(plain(code) for code in incident.countries)
    networks = ", ".join(f"AS{number}" for number in incident.networks)
    if incident.scope is Scope.GLOBAL:
        return words.SCOPES[Scope.GLOBAL]
    return f"{countries} ({networks})" if networks else countries


def where(incident: Incident) -> str:
    """Say in full where an incident is: countries by name, networks by number while few."""
    countries = ", ".join(plain(code) for code in incident.countries)
    many = len(incident.networks) > FEW_NETWORKS
    networks = (
        words.count(len(incident.networks), "network")
        if many
        else ", ".join(f"AS{number}" for number in incident.networks)
    )
    return ": ".join(
        part
        for part in (words.SCOPES[incident.scope], "; ".join(filter(None, (countries, networks))))
        if part
    )


def plain(code: str) -> str:
    """Name a country as a list does, without the article that a sentence needs."""
    return country_name(code).removeprefix("the ")


# ── countries × features ─────────────────────────────────────────────────────────────────────


def tables(verdicts: Sequence[Verdict], frame: Frame) -> tuple[Table, ...]:
    """Give one table for each service, those in trouble first."""
    countries = sorted(
        {vantage.country for vantage in frame.roster}
        | {v.country for v in verdicts if v.country and v.service != CONTROL},
        key=plain,
    )
    cells: dict[Place, list[Verdict]] = {}
    for verdict in verdicts:
        place = (verdict.service, verdict.feature, verdict.country)
        cells.setdefault(place, []).append(verdict)
    made = [_table(service, countries, cells) for service in frame.services]
    return tuple(sorted(made, key=lambda table: not table.troubled))


def _table(
    service: Service, countries: Sequence[str], cells: Mapping[Place, Sequence[Verdict]]
) -> Table:
    rows = tuple(_row(service, country, cells) for country in countries)
    return Table(
        id=service.id,
        name=service.name,
        features=tuple(feature.name for feature in service.features),
        rows=rows,
        troubled=any(map(_fails, rows)),
        summary=_summary(rows),
    )


def _fails(row: Row) -> bool:
    return any(cell.look not in QUIET for cell in row.cells)


def _summary(rows: Sequence[Row]) -> str:
    of = words.count(len(rows), "country", "countries")
    if failing := sum(map(_fails, rows)):
        return f"fails in {failing} of {of}"
    if working := sum(all(cell.look == "ok" for cell in row.cells) for row in rows):
        return f"works in {working} of {of}"
    looks = {cell.look for row in rows for cell in row.cells}
    return words.NO_DATA if looks <= {"none"} else words.INSUFFICIENT


def _row(service: Service, country: str, cells: Mapping[Place, Sequence[Verdict]]) -> Row:
    held = [cells.get((service.id, feature.id, country), ()) for feature in service.features]
    whole = [verdict for some in held for verdict in some if verdict.network == 0]
    return Row(country, plain(country), tuple(cell(some) for some in held), _behind(whole))


def _behind(verdicts: Sequence[Verdict]) -> str:
    vantages = max((verdict.vantages for verdict in verdicts), default=0)
    networks = max((verdict.networks for verdict in verdicts), default=0)
    counted = (words.count(vantages, "probe host"), words.count(networks, "network"))
    return ", ".join(part.replace(" ", words.NO_BREAK) for part in counted) if vantages else "none"


def cell(verdicts: Sequence[Verdict]) -> Cell:
    """Show what is held true of one feature in one country."""
    whole = next((verdict for verdict in verdicts if verdict.network == 0), None)
    if whole is None or (whole.state is State.INSUFFICIENT and not whole.vantages):
        return Cell("none", words.NO_DATA)
    if whole.state is State.INSUFFICIENT:
        return Cell("insufficient", words.INSUFFICIENT)
    word = words.CELLS[whole.leading]
    if whole.leading is Cause.OK:
        return Cell("ok", word)
    note = f"{words.STATES[whole.state].lower()}, {words.percent(whole.confidence)}"
    return Cell(str(whole.leading), word, note + _extent(whole, verdicts))


def _extent(whole: Verdict, verdicts: Sequence[Verdict]) -> str:
    networks = [verdict for verdict in verdicts if verdict.network]
    alike = sum(verdict.leading is whole.leading for verdict in networks)
    return f", {alike} of {len(networks)} networks" if 0 < alike < len(networks) else ""
