"""The questions that the table asks of a look beside its helper's, each by a name."""

from __future__ import annotations

from probe.judge.notices import known_notice
from probe.judge.paired.facts import SILENCES, TOO_MANY, Facts, Names
from probe.judge.paired.likeness import Likeness
from probe.judge.reading import is_bogon
from probe.judge.sight import CERTIFICATE, UNREACHABLE
from probe.model import Layer

RESETS = frozenset({"connection_reset", "connection_aborted", "eof_error", "network_reset"})
DENIALS = frozenset({
    "dns_nxdomain_error", "dns_no_answer", "android_dns_cache_no_data", "dns_refused_error",
    "dns_servfail_error", "dns_bogon_error",
})  # fmt: skip
"""A resolver that spoke; elsewise it was silent, or the system does not say."""
REFUSALS = frozenset({401, 403, 451})
SERVER_ERROR = 500
UNNAMED = ("unknown_failure", "unknown_error", "ssl_error")
REDIRECT_TO_NOWHERE = "http_invalid_redirect_location_host"


# ── an answer over a valid certificate ───────────────────────────────────────────────────────


def secure(f: Facts) -> bool:
    return f.sight.answered and f.sight.secure


def _status(f: Facts) -> int:
    return f.sight.status or 0


def _theirs(f: Facts) -> int:
    return (f.page.status or 0) if f.page is not None and f.page_well else 0


def _served(f: Facts) -> bool:
    """Whether the helper was given a good answer."""
    return 0 < _theirs(f) < 400  # noqa: PLR2004 — HTTP


def led_astray_secure(f: Facts) -> bool:
    return secure(f) and f.astray and f.likeness in {Likeness.OTHER, Likeness.STUB}


def challenged(f: Facts) -> bool:
    """The service's servers wrote it: by certificate, by their headers, or at a proven address."""
    theirs = f.sight.secure or f.proven or f.likeness is Likeness.OWN_WORDS
    return f.sight.answered and f.sight.challenge and theirs and f.likeness is not Likeness.SAME


def secure_down(f: Facts) -> bool:
    failing = f.page_failed or _theirs(f) >= SERVER_ERROR
    return secure(f) and _status(f) >= SERVER_ERROR and failing


def secure_refused(f: Facts) -> bool:
    return secure(f) and _status(f) in REFUSALS and _served(f)


def secure_refused_alone(f: Facts) -> bool:
    return secure(f) and _status(f) in REFUSALS and not f.page_well


def secure_error(f: Facts) -> bool:
    return secure(f) and _status(f) >= SERVER_ERROR


def proxied(f: Facts) -> bool:
    """All answers in clear, the public resolvers' too, are in the vantage's own network alone."""
    home = frozenset({f.sight.vantage.asn})
    clear = f.own.origins == home and f.plain.origins == home
    truth = f.sealed.origins | f.there.origins
    reached = secure(f) or page_same(f)
    return reached and clear and bool(f.sealed.answers) and bool(truth) and not (home & truth)


# ── names ────────────────────────────────────────────────────────────────────────────────────


def page_same(f: Facts) -> bool:
    return f.sight.answered and f.likeness is Likeness.SAME


def noticed(f: Facts) -> bool:
    return bool(f.sight.notice) and not f.sight.secure


def notice_address(f: Facts) -> bool:
    return any(map(known_notice, f.own.answers)) and not f.sight.secure


def led_home(f: Facts) -> bool:
    return f.led_home and not f.sight.met


def _private(names: Names) -> bool:
    return bool(names.answers) and all(map(is_bogon, names.answers))


def bogon_everywhere(f: Facts) -> bool:
    return f.sight.bogon and (_private(f.there) or f.there.failure == "dns_bogon_error")


def bogon(f: Facts) -> bool:
    """Public addresses there, or a page that a private address cannot have given."""
    return f.sight.bogon and (bool(f.there.answers) or f.page_well)


def bogon_alone(f: Facts) -> bool:
    return f.sight.bogon


def _unresolved(f: Facts) -> bool:
    """No address from the vantage's own resolver; what other resolvers led to is beside it."""
    return bool(f.own.failure)


def nameless(f: Facts) -> bool:
    elsewhere = f.plain.answers or f.sealed.answers
    agreed = bool(f.there.failure) or _empty_alike(f)
    return _unresolved(f) and agreed and not elsewhere


def _empty_alike(f: Facts) -> bool:
    """The name is known and has no address, here and there: the helper calls that no failure."""
    told = f.page.failure.name if f.page is not None and f.page.failure is not None else ""
    here = f.own.failure in {"dns_no_answer", "android_dns_cache_no_data"}
    return f.helped and here and not f.there.answers and told.startswith("dns_")


def ghost(f: Facts) -> bool:
    named = f.own.answers or f.plain.answers or f.sealed.answers
    return bool(named) and bool(f.there.failure) and not f.proven


def unsure_name(f: Facts) -> bool:
    silent = not f.there.answers and not f.there.failure
    return _unresolved(f) and f.helped and silent and not f.page_well


def denied_sealed(f: Facts) -> bool:
    found = f.plain.answers or f.sealed.answers
    return _unresolved(f) and bool(found) and (bool(f.there.answers) or f.page_well or f.detour)


def offline(f: Facts) -> bool:
    asked = [names for names in (f.own, f.plain, f.sealed) if names.failure or names.answers]
    silent = all(names.failure and names.failure not in DENIALS for names in asked)
    return _unresolved(f) and len(asked) > 1 and silent


def denied(f: Facts) -> bool:
    there = bool(f.there.answers) or f.page_well
    return _unresolved(f) and there and f.own.failure in DENIALS


def unresolved(f: Facts) -> bool:
    return _unresolved(f) and (bool(f.there.answers) or f.page_well)


def denied_alone(f: Facts) -> bool:
    return _unresolved(f)


def _stranger(f: Facts) -> bool:
    """The own resolver's answers and the helper's have no address, no network, no proof in common."""
    if not f.own.answers or not f.there.answers or f.proven:
        return False
    shared = set(f.own.answers) & set(f.there.answers)
    origins = f.own.origins & f.there.origins
    return not shared and not origins


def stranger_certificate(f: Facts) -> bool:
    return _stranger(f) and f.refused


def stranger_page(f: Facts) -> bool:
    return _stranger(f) and f.sight.answered and f.likeness is not Likeness.NOTHING


def stranger_dead(f: Facts) -> bool:
    return _stranger(f) and not f.sight.answered and f.hop == 0 and f.helped


def denied_later(f: Facts) -> bool:
    return _ended(f, Layer.DNS) and f.hop > 0 and f.page_well


# ── connections ──────────────────────────────────────────────────────────────────────────────


def _ended(f: Facts, layer: Layer, names: frozenset[str] | None = None) -> bool:
    failed = not f.sight.answered and f.sight.layer is layer
    return failed and (names is None or f.sight.failure in names)


def _failed(f: Facts) -> bool:
    return not f.sight.answered and f.sight.layer is not None


def own_stack(f: Facts) -> bool:
    return f.sight.own and not f.sight.answered


def endless_everywhere(f: Facts) -> bool:
    return _failed(f) and f.hop >= TOO_MANY and f.page_failed


def unreadable(f: Facts) -> bool:
    """Neither failure has a name, and the connection itself came about."""
    named = f.page is not None and f.page.failure is not None
    there = f.page.failure.name if f.page is not None and f.page.failure is not None else ""
    here = f.sight.failure.startswith(UNNAMED)
    layer = f.sight.layer in {Layer.TLS, Layer.HTTP}
    return _failed(f) and here and layer and named and there.startswith(UNNAMED)


def broken_redirect(f: Facts) -> bool:
    return _ended(f, Layer.HTTP) and f.sight.failure == REDIRECT_TO_NOWHERE


def certificate_everywhere(f: Facts) -> bool:
    told = f.page.failure.name if f.page is not None and f.page.failure is not None else ""
    alike = f.barred is True or told in CERTIFICATE
    return _ended(f, Layer.TLS, CERTIFICATE) and alike


def barred_too(f: Facts) -> bool:
    return _failed(f) and f.barred is True and not f.page_well


def page_fails_too(f: Facts) -> bool:
    return _failed(f) and f.page_failed and f.barred is not False


def helpless(f: Facts) -> bool:
    return _failed(f) and not f.helped


def failed_alone(f: Facts) -> bool:
    return _failed(f) and not f.page_well and f.barred is None


def certificate(f: Facts) -> bool:
    return _ended(f, Layer.TLS, CERTIFICATE)


def starved(f: Facts) -> bool:
    """The status line and headers came, or bytes of the body; then nothing until the deadline."""
    return _ended(f, Layer.HTTP, SILENCES) and f.starved


def tls_reset(f: Facts) -> bool:
    return _ended(f, Layer.TLS, RESETS)


def tls_silent(f: Facts) -> bool:
    return _ended(f, Layer.TLS, SILENCES)


def tls(f: Facts) -> bool:
    return _ended(f, Layer.TLS)


def unreachable(f: Facts) -> bool:
    return _ended(f, Layer.TCP, UNREACHABLE)


def tcp_refused(f: Facts) -> bool:
    return _ended(f, Layer.TCP, RESETS | {"connection_refused"})


def tcp(f: Facts) -> bool:
    return _ended(f, Layer.TCP)


def http_reset(f: Facts) -> bool:
    return _ended(f, Layer.HTTP, RESETS)


def http_silent(f: Facts) -> bool:
    return _ended(f, Layer.HTTP, SILENCES)


# ── another page over plain HTTP ─────────────────────────────────────────────────────────────


def plain_alone(f: Facts) -> bool:
    return f.sight.answered and f.likeness is Likeness.NOTHING


def plain_proven(f: Facts) -> bool:
    return plain_alone(f) and f.proven and f.sight.met


def led_astray(f: Facts) -> bool:
    return f.sight.answered and f.astray and f.likeness is Likeness.OTHER


def own_words(f: Facts) -> bool:
    return f.sight.answered and f.likeness is Likeness.OWN_WORDS


def plain_refused(f: Facts) -> bool:
    return own_words(f) and _status(f) in REFUSALS


def plain_error(f: Facts) -> bool:
    return own_words(f) and _status(f) >= SERVER_ERROR


def stub(f: Facts) -> bool:
    return f.sight.answered and f.likeness is Likeness.STUB


def refused_unmarked(f: Facts) -> bool:
    other = f.likeness is Likeness.OTHER
    return f.sight.answered and other and (_status(f) in REFUSALS or _status(f) >= SERVER_ERROR)


def page_other(f: Facts) -> bool:
    return f.sight.answered and f.likeness is Likeness.OTHER
