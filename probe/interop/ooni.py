"""OONI's web_connectivity measurements, v0.4 and v0.5, as ours: the probe's, and its helper's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from probe.interop import names
from probe.interop.form import Report
from probe.interop.helper import control, keys_software
from probe.interop.own import observations
from probe.interop.record import parse
from probe.interop.refusal import ForeignError, Reason
from probe.interop.story import Story, story
from probe.model import Measurement, Paired, Target, TcpConnect, Vantage
from probe.model.country import CODES
from probe.model.letters import commands, tame

FEATURE = "web"
MAX_SERVICE = 100
MAX_URL = 300
_DEVIANT = frozenset("ßς\u200c\u200d")
"""Letters of which the two standards of international names make different wire forms."""


def read(text: bytes, named: Mapping[str, Target] | None = None) -> Paired:
    """Read one record; `named` gives targets of our own to URLs of theirs, or else to their hosts.

    Raises ForeignError, whose sentence names the field.
    """
    report = parse(text)
    _check(report)
    told = story(report)
    target = _named(told, named or {}) or _target(told)
    identity = _identity(told, text)
    own = Measurement(
        id=identity, at=told.begun, took=min(max(report.test_runtime or 0.0, 0.0), 86400.0),
        vantage=_vantage(report), target=target, observations=observations(told),
        software=keys_software(told),
    )  # fmt: skip
    _check_client(report, own)
    return Paired(own=own, control=control(told, identity, target))


def _check(report: Report) -> None:
    if report.probe_cc not in CODES:
        raise ForeignError(
            Reason.BAD_FIELD,
            f"probe_cc is {report.probe_cc[:20]!r}; a country such as 'IT' is needed",
        )
    if not names.number(report.probe_asn):
        raise ForeignError(
            Reason.BAD_FIELD,
            f"probe_asn is {report.probe_asn[:20]!r}; a network such as 'AS137' is needed",
        )
    host, measured = names.host(report.input), _measured(report)
    if not host or commands(report.input):
        raise ForeignError(
            Reason.BAD_FIELD, f"input is {report.input[:80]!r}; a URL with a host is needed"
        )
    if measured and host not in measured and not _DEVIANT.intersection(report.input):
        raise ForeignError(
            Reason.BAD_FIELD,
            f"input is {report.input[:80]!r}, and nothing of it was measured, but of {min(measured)[:80]!r}",
        )


def _measured(report: Report) -> set[str]:
    """Hosts that the record has lookups or requests of."""
    keys = report.test_keys
    asked = {names.host(one.request.url) for one in keys.requests or ()}
    return (asked | {query.hostname.lower() for query in keys.queries or ()}) - {""}


def _check_client(report: Report, own: Measurement) -> None:
    """Refuse a record whose probe broke by itself: it connected, and then never asked."""
    failed = names.failure(report.test_keys.http_experiment_failure)
    connected = any(isinstance(s, TcpConnect) and s.failure is None for s in own.observations)
    stopped = any(s.failure is not None and s.test is None for s in own.observations)
    if failed and names.unnamed(failed.name) and connected and not stopped and not report.test_keys.requests:  # fmt: skip
        raise ForeignError(
            Reason.CLIENT_BUG,
            f"test_keys.http_experiment_failure is {f'{failed.name} {failed.detail}'[:120]!r} and "
            "test_keys.requests is empty: the probe's own software failed",
        )


def _named(told: Story, named: Mapping[str, Target]) -> Target | None:
    url = told.report.input
    if url in named:
        return named[url]
    sibling = named.get(told.hosts[0])
    return msgspec.structs.replace(sibling, endpoint=url[:MAX_URL]) if sibling else None


def _target(told: Story) -> Target:
    return Target(
        service=told.hosts[0][:MAX_SERVICE], feature=FEATURE, endpoint=told.report.input[:MAX_URL]
    )


def _vantage(report: Report) -> Vantage:
    """One for each run: an anonymous probe has no lasting name."""
    asn, country = names.number(report.probe_asn), report.probe_cc
    run = hashlib.sha256((report.report_id or report.measurement_uid or "").encode()).hexdigest()
    return Vantage(
        id=f"ooni-{country.lower()}-as{asn}-{run[:8]}", country=country, asn=asn,
        network=tame(report.probe_network_name or "")[:100], resolver_asn=names.number(report.resolver_asn),
    )  # fmt: skip


def _identity(told: Story, text: bytes) -> str:
    """The same record has the same id, wherever it is read; one without any name is its bytes."""
    report = told.report
    if not (report.measurement_uid or report.report_id):
        return f"{told.begun:%Y%m%dt%H%M%S}-{hashlib.sha256(text.strip()).hexdigest()[:16]}"
    facts = (
        report.measurement_uid or "", report.report_id or "", report.input,
        report.measurement_start_time, report.probe_asn, report.probe_cc,
    )  # fmt: skip
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    return f"{told.begun:%Y%m%dt%H%M%S}-{digest[:16]}"
