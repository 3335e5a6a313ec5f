"""What the rules ask of a sight, and of what is known of its endpoint elsewhere; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from probe.judge.control import (
    Reference,
    abroad,
    answered_abroad,
    genuine,
    proven_abroad,
    same_page_here_alone,
    shown_abroad,
    slow,
)
from probe.judge.sight import CERTIFICATE, Sight
from probe.judge.trials import UNTRIED
from probe.model import Expectation, Layer

Condition = Callable[[Sight, Reference], bool]


class EndedAt(msgspec.Struct, frozen=True, eq=False):
    """A condition of sights that ended at one layer: no other need be asked."""

    layer: Layer
    fits: Condition

    def __call__(self, s: Sight, k: Reference) -> bool:
        return s.layer is self.layer and self.fits(s, k)


class Through(msgspec.Struct, frozen=True, eq=False):
    """A condition of sights to which something came: of those that ended on the way none need be asked."""

    fits: Condition

    def __call__(self, s: Sight, k: Reference) -> bool:
        return (s.met or s.answered) and self.fits(s, k)


class Tried(msgspec.Struct, frozen=True, eq=False):
    """A condition of sights beside which tests beyond the target showed something (`Trials`)."""

    fits: Condition

    def __call__(self, s: Sight, k: Reference) -> bool:
        return s.trials is not UNTRIED and self.fits(s, k)


def failed(layer: Layer, *names: str) -> Condition:
    wanted = frozenset(names)
    return EndedAt(layer, lambda s, _: s.failure in wanted)


def having(condition: Condition, **facts: object) -> Condition:
    """Narrow a condition to sights with these facts."""
    return both(condition, lambda s, _: all(getattr(s, n) == value for n, value in facts.items()))


def both(first: Condition, second: Condition) -> Condition:
    if isinstance(first, EndedAt):
        return EndedAt(first.layer, both(first.fits, second))
    if isinstance(first, Through):
        return Through(both(first.fits, second))
    return lambda s, k: first(s, k) and second(s, k)


class Kind(NamedTuple):
    """Of sights, by what most conditions ask first."""

    layer: Layer | None
    """Where they ended."""
    through: bool
    """Whether anything came."""
    tried: bool
    """Whether tests beyond the target showed anything."""


def kind(sight: Sight) -> Kind:
    return Kind(sight.layer, sight.met or sight.answered, sight.trials is not UNTRIED)


def can_fit(condition: Condition, of: Kind) -> bool:
    """Whether any sight of a kind can."""
    match condition:
        case EndedAt():
            return condition.layer is of.layer and can_fit(condition.fits, of)
        case Through():
            return of.through and can_fit(condition.fits, of)
        case Tried():
            return of.tried and can_fit(condition.fits, of)
        case _:
            return True


def met(s: Sight, _: Reference) -> bool:
    return s.met


whole = Through(met)


def answer(*, secure: bool) -> Condition:
    return Through(lambda s, _: s.answered and not s.met and s.secure is secure)


def with_status(low: int, high: int, *, secure: bool = True) -> Condition:
    return Through(
        lambda s, _: (
            s.answered and not s.met and s.secure is secure and low <= (s.status or 0) <= high
        )
    )


def unmet(what: Expectation) -> Condition:
    return Through(lambda s, _: s.answered and s.secure and s.expectation is what)


def everywhere(s: Sight, k: Reference) -> bool:
    return bool(s.leaf) and shown_abroad(k, s.vantage.country, s.leaf)


def at_genuine(s: Sight, k: Reference) -> bool:
    return genuine(k, s.vantage.country, s.tried)


def at_stranger(s: Sight, k: Reference) -> bool:
    """At an address that no other country validates or is even told, though others are proven."""
    country = s.vantage.country
    known = genuine(k, country, s.tried) or answered_abroad(k, country, s.tried)
    elsewhere = proven_abroad(k, country) or abroad(k.met, country)
    return bool(s.tried) and not known and elsewhere


def at_common(s: Sight, k: Reference) -> bool:
    """At a stranger's address that this country's resolvers give for several endpoints."""
    here = any((s.vantage.country, address) in k.common for address in s.tried)
    return here and at_stranger(s, k)


def same_page(s: Sight, k: Reference) -> bool:
    country = s.vantage.country
    elsewhere = abroad(k.met, country)
    return elsewhere and same_page_here_alone(k, country, s.digest)


def proven(s: Sight, k: Reference) -> bool:
    """By a certificate; where the endpoint asks for none, by what other countries reach."""
    country = s.vantage.country
    return proven_abroad(k, country) or (_bare(s) and abroad(k.met, country))


def _bare(s: Sight) -> bool:
    """Nothing but a name or a port is asked for: no certificate will ever prove an address."""
    return s.goal is not Layer.HTTP


def _true(s: Sight, k: Reference, addresses: tuple[str, ...]) -> bool:
    country = s.vantage.country
    told = _bare(s) and answered_abroad(k, country, addresses)
    return told or genuine(k, country, addresses)


def false_bogon(s: Sight, k: Reference) -> bool:
    return s.bogon and not s.met and proven(s, k)


def late_truth(s: Sight, k: Reference) -> bool:
    """A second answer names a proven address, and the first names none."""
    return _true(s, k, s.doubled) and not _true(s, k, s.answers)


def got(goal: Layer) -> Condition:
    """All that is asked for came, and it is a name or a port alone."""
    return Through(lambda s, k: s.met and s.goal is goal and not late_truth(s, k))


def several_forged(s: Sight, k: Reference) -> bool:
    """Beside the truth, a second answer names yet another address that nobody else is told."""
    country = s.vantage.country
    known = [genuine(k, country, (a,)) or answered_abroad(k, country, (a,)) for a in s.doubled]
    return late_truth(s, k) and not all(known)


def polluted(s: Sight, k: Reference) -> bool:
    """At an address that another country shows to be forged, while another resolver says the truth."""
    country = s.vantage.country
    forged = any(abroad(k.belied.get(a), country) for a in s.tried)
    return forged and s.layer in CARRIED and genuine(k, country, s.second_answers)


def foreign_notice(s: Sight, _: Reference) -> bool:
    """The notice's name begins with the country whose it is."""
    where, _dot, _name = s.notice.partition(".")
    return len(where) == 2 and where.upper() != s.vantage.country  # noqa: PLR2004


def lost_family(s: Sight, k: Reference) -> bool:
    """All of IPv4 is lost, and IPv6 answers. The reverse is mostly the vantage's own IPv6."""
    lost = s.traits.lost
    left = {":" in address for address in s.tried or s.valid}
    four = bool(lost) and not any(":" in address for address in lost)
    return four and left == {True} and genuine(k, s.vantage.country, lost)


def lost_part(s: Sight, k: Reference) -> bool:
    lost = s.traits.lost
    return (
        genuine(k, s.vantage.country, lost)
        and not lost_family(s, k)
        and any((":" in a) == (":" in b) for a in lost for b in s.tried or s.valid)
    )


def proxied(s: Sight, k: Reference) -> bool:
    return s.traits.proxied and abroad(k.direct, s.vantage.country)


def policed(s: Sight, k: Reference) -> bool:
    return slow(s, k) and s.traits.shaken < QUICK * s.pace


def slow_for_all(s: Sight, k: Reference) -> bool:
    """The address is slow to shake hands for a harmless name too."""
    return slow(s, k) and s.trials.neutral is not None and s.trials.neutral >= s.traits.shaken / 2


def slow_by_name(s: Sight, k: Reference) -> bool:
    """At the same address hands are shaken quickly under a harmless name."""
    neutral = s.trials.neutral
    return slow(s, k) and neutral is not None and neutral < QUICK * s.traits.shaken


def encrypted_cut(s: Sight, k: Reference) -> bool:
    """An encrypted resolver is cut off here, and answers abroad, or nobody there says otherwise.

    One that refuses everybody everywhere is merely none.
    """
    resolver, country = s.trials.cut, s.vantage.country
    if not resolver:
        return False
    if abroad(k.sealed.get(resolver), country):
        return True
    return not s.trials.closed and not abroad(k.cut.get(resolver), country)


def quic_cut(s: Sight, k: Reference) -> bool:
    """Nothing passes over QUIC here, what is over TCP does, and the server tried speaks it abroad.

    One that speaks it nowhere is merely none.
    """
    here = s.met or s.trials.reached
    return here and abroad(k.spoken.get(s.trials.muted), s.vantage.country)


def quic_dropped(s: Sight, _: Reference) -> bool:
    return s.trials.dropped


def rested(*, passes: bool) -> Condition:
    """After a time of rest a harmless name passed at the address, or not, and the target's failed."""
    return Tried(lambda s, _: s.layer in REACHED and s.trials.rested is passes)


def anything(_: Sight, __: Reference) -> bool:
    return True


cert = failed(Layer.TLS, *CERTIFICATE)
QUICK = 0.25
"""Share of a slow answer's time that its handshake takes at most, where only the body is slowed."""
FREEZES = (4_096, 32_768)
"""Bytes of a body after which frozen flows are known to stall: 16 KiB, less what went before it."""
REACHED = frozenset({Layer.TCP, Layer.TLS, Layer.HTTP})
CARRIED = frozenset({Layer.TCP, Layer.TLS})
RESET = ("connection_reset", "connection_aborted", "eof_error", "network_reset")
LATE = ("generic_timeout_error", "timed_out")
SILENT = frozenset({*LATE, "dns_temporary_failure", "dns_non_recoverable_failure"})
UNSIGNED = SILENT | {"dns_servfail_error", "dns_server_misbehaving"}
"""What a resolver says, or does not, where it heard nothing good from the name's own servers."""
tls_reset = failed(Layer.TLS, *RESET)
tls_late = failed(Layer.TLS, *LATE)
tcp_late = failed(Layer.TCP, *LATE)
http_reset = failed(Layer.HTTP, *RESET)
http_late = failed(Layer.HTTP, *LATE)
rcode = failed(Layer.DNS, "dns_servfail_error", "dns_refused_error", "dns_server_misbehaving")
