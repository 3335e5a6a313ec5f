"""From a measurement to what it shows: at a glance where it is a whole answer, else step by step."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from probe.judge.notices import barred, challenged, notice_of, refused_by
from probe.judge.sight import CERTIFICATE, OWN_FAILURES, UNREACHABLE, Contrast, Glance, Sight
from probe.judge.sites import NOWHERE, site
from probe.judge.traits import SLOW_SECONDS, odd, traits
from probe.judge.trials import trials
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Health,
    HttpExchange,
    Layer,
    Measurement,
    Observation,
    QuicHandshake,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)

X509_EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""


class _Chain(msgspec.Struct, eq=False):
    """The steps of one measurement by kind: the plain chain's, then the tests'."""

    dns: list[DnsLookup] = msgspec.field(default_factory=list)
    tcp: list[TcpConnect] = msgspec.field(default_factory=list)
    tls: list[TlsHandshake] = msgspec.field(default_factory=list)
    http: list[HttpExchange] = msgspec.field(default_factory=list)
    neutral: list[TcpConnect | TlsHandshake] = msgspec.field(default_factory=list)
    second: list[DnsLookup] = msgspec.field(default_factory=list)


def read(measurement: Measurement, before: Sight | None = None) -> Sight:
    """Read a measurement: at a glance where it is a whole answer, else step by step.

    What a whole answer shares with an earlier sight is held once: a window is large.
    """
    return _glance(measurement, before) or _studied(measurement)


def _known(measurement: Measurement, before: Sight | None) -> tuple[Vantage, Target, Health]:
    """Whose it is, of what, and how well it was: the earlier sight's own where they are equal."""
    was = before or measurement
    return (
        was.vantage if was.vantage == measurement.vantage else measurement.vantage,
        was.target if was.target == measurement.target else measurement.target,
        was.health if was.health == measurement.health else measurement.health,
    )


def _glance(measurement: Measurement, before: Sight | None = None) -> Sight | None:
    """Read one whole answer over a certificate that is valid, without a redirect, else None.

    The common case by far, and nothing but what the rules ask of a met expectation.
    """
    found = _whole_way(measurement.observations)
    if found is None:
        return None
    final, names, valid, took = found
    was = (before.answers, before.valid) if before is not None else ((), ())
    told = names[0].answers if len(names) == 1 else [a for step in names for a in step.answers]
    answers = _unique(told, was[0])
    vantage, target, health = _known(measurement, before)
    return Glance(
        id=measurement.id, at=measurement.at, vantage=vantage, target=target, health=health,
        status=final.status, answers=answers, valid=_unique(valid, was[1]),
        bogon=_bogon(names, answers), doubled=_doubled(names), pace=took + final.took,
        site=site(final.headers),
    )  # fmt: skip


def met(measurement: Measurement) -> bool:
    """Whether all came that was asked for: what `read` says of it, and nothing else."""
    whole = _whole_way(measurement.observations) is not None
    return whole or _studied(measurement).met


def _whole_way(
    steps: Sequence[Observation],
) -> tuple[HttpExchange, list[DnsLookup], list[str], float] | None:
    """The answer and the way to it, of one whole answer that no step is odd of, else None."""
    final = steps[-1] if steps else None
    if not isinstance(final, HttpExchange) or not _whole(final):
        return None
    way = _way(steps[:-1], final.address)
    if way is None or final.address not in way[1] or way[2] + final.took >= SLOW_SECONDS:
        return None
    return final, *way


_Way = tuple[list[DnsLookup], list[str], float]


def _way(steps: Sequence[Observation], where: str) -> _Way | None:
    """Lookups, addresses that shook hands, and seconds to the one that answered; None if odd."""
    names: list[DnsLookup] = []
    valid: list[str] = []
    took = 0.0
    for step in steps:
        if step.test is not None or step.hop:
            return None
        if type(step) is DnsLookup:
            names.append(step)
        elif step.failure is not None:
            return None
        elif type(step) is TlsHandshake:
            valid.append(step.address)
            took += step.took if step.address == where else 0.0
        elif type(step) is TcpConnect:
            took += step.took if step.address == where else 0.0
        else:  # an answer is read by itself; QUIC is of tests alone, whatever a record says
            return None
    return names, valid, took


_MET = Expectation.MET


def _whole(final: HttpExchange) -> bool:
    met = final.expectation is _MET and final.failure is None
    return met and final.test is None and not final.hop and final.url.startswith("https:")


def _studied(measurement: Measurement) -> Sight:
    chain = _sort(measurement)
    valid = {(step.hop, step.address) for step in chain.tls if step.failure is None}
    final = _final(chain, valid)
    common = _names_and_certificates(chain)
    if final is None:
        come = _come(measurement, chain, common)
        return come if come is not None else _ended(measurement, chain, common)
    secure = (final.hop, final.address) in valid and final.url.startswith("https:")
    notice, redirected = notice_of(chain.dns, chain.tls, chain.http, measurement.vantage.country)
    met = final.expectation is Expectation.MET and (secure or not notice)
    seen = traits(measurement)
    pace = _pace(seen.shaken + final.took, chain, final) if met else 0.0
    return Sight(
        id=measurement.id, at=measurement.at, vantage=measurement.vantage,
        target=measurement.target, health=measurement.health,
        answered=True, met=met, secure=secure, status=final.status,
        digest="" if met or secure else final.digest, expectation=final.expectation, notice=notice,
        redirected=redirected, challenge=challenged(final),
        refusal="" if met else refused_by(final), barred=not met and barred(final), words="" if met or secure else final.simhash,
        pace=pace, traits=odd(seen, pace), trials=trials(measurement.observations),
        answers=common.answers, valid=common.valid, bogon=common.bogon,
        doubled=common.doubled, tried=(final.address,), site=_site(chain),
    )  # fmt: skip


def _pace(whole: float, chain: _Chain, final: HttpExchange) -> float:
    """Without what the server took to begin, beyond a round trip, where it is slow: no network's doing.

    A throttle lets the first bytes through, or has held back the handshake already.
    """
    trips = [s.took for s in chain.tcp if s.address == final.address and s.failure is None]
    if whole < SLOW_SECONDS or not trips:
        return whole
    return whole - max(0.0, final.first_byte - max(trips))


def _site(chain: _Chain) -> tuple[str, str]:
    """Who delivered the last answer that says so."""
    for step in reversed(chain.http):
        found = site(step.headers)
        if found[0]:
            return found
    return NOWHERE


def _sort(measurement: Measurement) -> _Chain:
    chain = _Chain()
    for step in measurement.observations:
        if step.test is not None:
            _sort_test(chain, step)
            continue
        match step:
            case DnsLookup():
                chain.dns.append(step)
            case TcpConnect():
                chain.tcp.append(step)
            case TlsHandshake():
                chain.tls.append(step)
            case HttpExchange():
                chain.http.append(step)
            case QuicHandshake():
                pass
    return chain


def _sort_test(chain: _Chain, step: Observation) -> None:
    match step:
        case DnsLookup() if step.test is DifferentialTest.SECOND_RESOLVER:
            chain.second.append(step)
        case TcpConnect() | TlsHandshake() if step.test is DifferentialTest.NEUTRAL_NAME:
            chain.neutral.append(step)
        case _:
            pass


def _final(chain: _Chain, valid: set[tuple[int, str]]) -> HttpExchange | None:
    """The best final answer: one that met the expectations, else one over a valid certificate."""
    answers = [step for step in chain.http if step.expectation is not None and not step.failure]
    return max(
        answers,
        key=lambda s: (
            s.expectation is Expectation.MET,
            (s.hop, s.address) in valid,
            s.hop,
            s.status or 0,
            s.digest,
        ),
        default=None,
    )


class _Common(msgspec.Struct, eq=False):
    answers: tuple[str, ...]
    valid: tuple[str, ...]
    bogon: bool
    doubled: tuple[str, ...]


def _names_and_certificates(chain: _Chain) -> _Common:
    first = [step for step in chain.dns if step.hop == 0]
    answers = _unique([address for step in first for address in step.answers])
    return _Common(
        answers=answers,
        valid=_unique([step.address for step in chain.tls if step.failure is None]),
        bogon=_bogon(first, answers),
        doubled=_doubled(first),
    )


def _bogon(first: Sequence[DnsLookup], answers: tuple[str, ...]) -> bool:
    if answers and is_bogon(answers[0]) and all(map(is_bogon, answers)):
        return True
    failed = [step.failure for step in first if step.failure is not None]
    return "dns_bogon_error" in [failure.name for failure in failed]


def _doubled(first: Sequence[DnsLookup]) -> tuple[str, ...]:
    for step in first:
        if step.late:
            break
    else:
        return ()
    return _unique([a for step in first for a in step.late if a not in step.answers])


def _come(measurement: Measurement, chain: _Chain, common: _Common) -> Sight | None:
    """Read a chain that was to end before HTTP and came so far, else None.

    It has no pace: what is slow is told by answers alone.
    """
    if measurement.goal is Layer.HTTP or chain.http or chain.tls:
        return None
    reached = _unique(step.address for step in chain.tcp if step.failure is None)
    named = any(step.answers and step.failure is None for step in chain.dns)
    notice, _ = notice_of(chain.dns, chain.tls, chain.http, measurement.vantage.country)
    if not (reached if measurement.goal is Layer.TCP else named and not chain.tcp) or notice:
        return None
    return Sight(
        id=measurement.id, at=measurement.at, vantage=measurement.vantage,
        target=measurement.target, health=measurement.health, goal=measurement.goal,
        met=True, answers=common.answers, bogon=common.bogon, doubled=common.doubled,
        tried=reached, only_named=not chain.tcp, trials=trials(measurement.observations),
    )  # fmt: skip


def _ended(measurement: Measurement, chain: _Chain, common: _Common) -> Sight:
    """Read a chain without a final answer: what ended it, at the deepest layer it reached."""
    layer, steps = _deepest(chain)
    main = _main(steps)
    name = main.failure.name if main is not None and main.failure is not None else ""
    notice, redirected = notice_of(chain.dns, chain.tls, chain.http, measurement.vantage.country)
    bad = [s for s in chain.tls if s.failure and s.failure.name in CERTIFICATE and s.chain]
    shown = bad[0].chain[0] if bad else None
    return Sight(
        id=measurement.id, at=measurement.at, vantage=measurement.vantage,
        target=measurement.target, health=measurement.health, goal=measurement.goal,
        layer=layer, failure=name, own=_own(chain, steps),
        expired=_expired(bad), lapsed=_lapsed(bad), answers=common.answers, valid=common.valid,
        bogon=common.bogon, doubled=common.doubled, leaf=shown.sha256 if shown else "",
        issuer=shown.issuer if shown else "", neutral=_neutral(chain, layer),
        second=_second(chain), second_answers=_unique(a for s in chain.second for a in s.answers),
        notice=notice, redirected=redirected,
        tried=_unique(s.address for s in steps if not isinstance(s, DnsLookup)),
        only_named=bool(chain.dns) and not (chain.tcp or chain.tls or chain.http),
        traits=traits(measurement), trials=trials(measurement.observations),
        site=_site(chain),
    )  # fmt: skip


def _deepest(chain: _Chain) -> tuple[Layer | None, list[Observation]]:
    """The failed steps of the deepest layer of the deepest hop."""
    everything = (*chain.dns, *chain.tcp, *chain.tls, *chain.http)
    hop = max((step.hop for step in everything), default=0)
    for layer, steps in (
        (Layer.HTTP, chain.http), (Layer.TLS, chain.tls),
        (Layer.TCP, chain.tcp), (Layer.DNS, chain.dns),
    ):  # fmt: skip
        failed = [s for s in steps if s.hop == hop and s.failure is not None]
        if failed:
            return layer, list(failed)
    return None, []


def _main(steps: list[Observation]) -> Observation | None:
    """The step that speaks: IPv4 before IPv6, what travelled before what never left."""
    return min(steps, key=_telling, default=None)


def _telling(step: Observation) -> tuple[bool, bool, bool, str]:
    name = step.failure.name if step.failure is not None else ""
    address = "" if isinstance(step, DnsLookup) else step.address
    aaaa = isinstance(step, DnsLookup) and step.query == "AAAA"
    return (name in OWN_FAILURES, ":" in address or aaaa, name == "dns_no_answer", name)


def _own(chain: _Chain, steps: list[Observation]) -> bool:
    if not steps and not chain.http:
        return True  # nothing was tried
    return bool(steps) and all(_own_step(step) for step in steps)


def _own_step(step: Observation) -> bool:
    name = step.failure.name if step.failure is not None else ""
    six = not isinstance(step, DnsLookup) and ":" in step.address
    return name in OWN_FAILURES or (six and name in UNREACHABLE)


def _expired(bad: list[TlsHandshake]) -> bool:
    return bool(bad) and all(
        step.failure is not None
        and (step.failure.verify == X509_EXPIRED or step.chain[0].not_after < step.at)
        for step in bad
    )


def _lapsed(bad: list[TlsHandshake]) -> bool:
    """By OpenSSL's word, which looks at the time last of all; a root's time may speak before the leaf's hand."""
    return bool(bad) and all(
        step.failure is not None
        and step.failure.verify == X509_EXPIRED
        and step.chain[0].not_after < step.at
        for step in bad
    )


def _neutral(chain: _Chain, layer: Layer | None) -> Contrast:
    """Whether a harmless name passes where the target's failed."""
    if not chain.neutral or layer is None:
        return Contrast.UNTRIED
    shaken = [s for s in chain.neutral if isinstance(s, TlsHandshake)]
    if any(s.failure is None or s.failure.name in CERTIFICATE or s.failure.alert for s in shaken):
        return Contrast.PASSES
    return Contrast.ALIKE


def _second(chain: _Chain) -> Contrast:
    if not chain.second:
        return Contrast.UNTRIED
    answered = any(s.answers and s.failure is None for s in chain.second)
    return Contrast.PASSES if answered else Contrast.ALIKE


@lru_cache(maxsize=16384)
def is_bogon(address: str) -> bool:
    """Whether an address belongs to no public host."""
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return True


def _unique(values: Iterable[str], like: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Each value once; `like` itself where that is the same."""
    found = tuple(values)
    if found == like:
        return like
    if len(found) > 1:
        found = tuple(dict.fromkeys(found))
        return like if found == like else found
    return found
