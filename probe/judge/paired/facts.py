"""What a look shows beside its helper's: names, addresses, certificates and pages compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import msgspec

from probe.judge.paired.likeness import Likeness, likeness
from probe.judge.reading import is_bogon, read
from probe.judge.sight import Sight
from probe.model import (
    ENCRYPTED,
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Layer,
    Measurement,
    Paired,
    TcpConnect,
    TlsHandshake,
)

SILENCES = frozenset({"generic_timeout_error", "timed_out"})
TOO_MANY = 10
"""Redirects after which any client gives up."""


class Names(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What resolvers said of the endpoint's own name."""

    answers: tuple[str, ...] = ()
    failure: str = ""
    """Why there is no answer; empty where nobody asked."""
    origins: frozenset[int] = frozenset()
    """AS numbers of the answers."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    sight: Sight
    helped: bool
    """The helper was reached."""
    own: Names
    """The vantage's system resolver."""
    plain: Names
    """Other resolvers, asked in clear, where anyone on the path may answer for them."""
    sealed: Names
    """Other resolvers, asked under encryption."""
    there: Names
    """The helper's."""
    page: HttpExchange | None
    """The helper's final answer, or its failure."""
    final: HttpExchange | None
    """The vantage's final answer, as its own resolver led to it."""
    likeness: Likeness
    astray: bool
    """A redirect that came over plain HTTP led to another site than the endpoint's."""
    hop: int
    """Of the step that ended it."""
    proven: bool
    """An address of the own resolver presented a certificate valid for the name, here or there."""
    barred: bool | None
    """Whether the step that ended it failed for the helper too, at the same address."""
    detour: bool
    """The page came, over a valid certificate, from an address of another resolver."""
    led_home: bool
    """The redirect that ended it leads to a private address."""
    refused: bool
    """A certificate for the name was refused at an address of the own resolver."""
    starved: bool
    """An answer began, with its status or some bytes, and never ended."""

    @property
    def page_well(self) -> bool:
        """Whether the helper was given a final answer."""
        return self.page is not None and self.page.failure is None

    @property
    def page_failed(self) -> bool:
        return self.page is not None and self.page.failure is not None


def facts(look: Paired) -> Facts:
    """Hold a look against its helper's; without one, what is compared is empty."""
    sight = read(look.own)
    there = look.control
    final = _final(look.own.observations, sight)
    page = _page(there)
    own = _names(s for s in _lookups(look.own) if s.test is None)
    ended, hop = _ended(look.own, sight)
    return Facts(
        sight=sight, helped=there is not None, own=own,
        plain=_names(s for s in _lookups(look.own) if s.test and not _sealed(s)),
        sealed=_names(s for s in _lookups(look.own) if s.test and _sealed(s)),
        there=_names(_lookups(there)) if there is not None else Names(),
        page=page, final=final, likeness=likeness(final, page),
        astray=_astray(look.own), hop=hop, proven=_proven(own, look),
        barred=_barred(ended, there), detour=_detour(look.own), led_home=_led_home(look.own),
        refused=any(_refused(s) for s in look.own.observations if isinstance(s, TlsHandshake)),
        starved=any(_starved(s) for s in look.own.observations if isinstance(s, HttpExchange)),
    )  # fmt: skip


def _lookups(measurement: Measurement) -> Iterable[DnsLookup]:
    return (s for s in measurement.observations if isinstance(s, DnsLookup) and s.hop == 0)


def _names(lookups: Iterable[DnsLookup]) -> Names:
    listed = list(lookups)
    answers = tuple(dict.fromkeys(a for s in listed for a in s.answers))
    failed = [s.failure.name for s in listed if s.failure is not None]
    telling = [name for name in failed if name != "dns_no_answer"] or failed
    return Names(
        answers=answers, failure=telling[0] if telling and not answers else "",
        origins=frozenset(o for s in listed for o in s.origins if o),
    )  # fmt: skip


def _sealed(lookup: DnsLookup) -> bool:
    told = lookup.resolver.startswith(("https:", "tls:", "dot:", "doh"))
    return told or lookup.transport in ENCRYPTED


def _page(there: Measurement | None) -> HttpExchange | None:
    steps = there.observations if there is not None else ()
    return next((s for s in steps if isinstance(s, HttpExchange)), None)


def _final(steps: Sequence[object], sight: Sight) -> HttpExchange | None:
    if not sight.answered:
        return None
    answers = [
        s for s in steps if isinstance(s, HttpExchange) and s.test is None and s.expectation
    ]
    return max(answers, key=lambda s: s.hop, default=None)


def _ended(own: Measurement, sight: Sight) -> tuple[Sequence[TcpConnect | TlsHandshake], int]:
    """The failed steps of the layer that ended it, and their hop."""
    failed = [s for s in own.observations if s.test is None and s.failure is not None]
    hop = max((s.hop for s in failed), default=0)
    last = [s for s in failed if s.hop == hop]
    match sight.layer:
        case Layer.TCP:
            return [s for s in last if isinstance(s, TcpConnect)], hop
        case Layer.TLS:
            return [s for s in last if isinstance(s, TlsHandshake)], hop
        case _:
            return [], hop


def _barred(ended: Sequence[TcpConnect | TlsHandshake], there: Measurement | None) -> bool | None:
    """None where the helper did not try the same address and port."""
    if there is None:
        return None
    for step in ended:
        came = [
            s.failure is not None
            for s in there.observations
            if isinstance(s, type(step)) and (s.address, s.port) == (step.address, step.port)
        ]
        if came:
            return all(came)
    return None


def _proven(own: Names, look: Paired) -> bool:
    there = look.control.observations if look.control is not None else ()
    return any(
        s.address in own.answers and s.failure is None
        for s in (*look.own.observations, *there)
        if isinstance(s, TlsHandshake) and s.hop == 0
    )


def _refused(step: TlsHandshake) -> bool:
    name = step.failure.name if step.failure else ""
    return name.startswith("ssl_") and step.test is not DifferentialTest.SECOND_RESOLVER


def _starved(step: HttpExchange) -> bool:
    late = step.failure is not None and step.failure.name in SILENCES
    return late and step.test is None and bool(step.status or step.length)


def _detour(own: Measurement) -> bool:
    valid = {
        (s.hop, s.address)
        for s in own.observations
        if isinstance(s, TlsHandshake) and s.failure is None
    }
    return any(
        isinstance(s, HttpExchange)
        and s.test is DifferentialTest.SECOND_RESOLVER
        and s.failure is None
        and s.status is not None
        and (s.hop, s.address) in valid
        for s in own.observations
    )


def _astray(own: Measurement) -> bool:
    steps = [s for s in own.observations if isinstance(s, HttpExchange) and s.test is None]
    start = next((s for s in steps if s.hop == 0), None)
    return start is not None and any(
        s.url.startswith("http:") and s.location and _site(s.location) != _site(start.url)
        for s in steps
    )


def _led_home(own: Measurement) -> bool:
    """A notice of the vantage's own site: a captive portal, a company's gateway."""
    targets = (s.location for s in own.observations if isinstance(s, HttpExchange))
    hosts = [_host(target) for target in targets if target]
    return any(_is_address(host) and is_bogon(host) for host in hosts)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _site(url: str) -> str:
    """The registrable part of a host, roughly: `example.co.uk`, `example.com`, an address whole."""
    host = _host(url)
    labels = host.split(".")
    if _is_address(host) or len(labels) < 3:  # noqa: PLR2004 — a name and its suffix
        return host
    double = len(labels[-1]) == 2 and len(labels[-2]) <= 3  # noqa: PLR2004 — as in `co.uk`
    return ".".join(labels[-3 if double else -2 :])
