"""Well-known pages by what gives them away: block notices, and the service's own refusals.

A page that matches nothing here is an unknown page, never a block page: most unexpected pages
are not (attribution.md, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from probe.model import DnsLookup, Expectation, Fingerprint, HttpExchange, TlsHandshake


class Sign(msgspec.Struct, frozen=True):
    """How a front of the service's own gives itself away; all that is given must be there."""

    front: str
    title: str = ""
    """In the title, in lower case."""
    header: str = ""
    value: str = ""
    """In that header's value, in lower case."""
    status: tuple[int, ...] = ()


CHALLENGES = (
    Sign("cloudflare", header="cf-mitigated", value="challenge"),
    Sign("cloudflare", title="just a moment"),
    Sign("cloudflare", title="attention required"),
    Sign("aws", header="x-amzn-waf-action", value="challenge"),
    Sign("aws", header="x-amzn-waf-action", value="captcha"),
    Sign("aws", title="human verification", status=(202, 405)),
    Sign("vercel", header="x-vercel-mitigated", value="challenge"),
    Sign("vercel", title="vercel security checkpoint"),
    Sign("datadome", header="x-datadome", status=(403, 405)),
    Sign("datadome", header="x-dd-b", status=(403, 405)),
    Sign("perimeterx", title="access to this page has been denied"),
    Sign("perimeterx", header="x-px-blocked"),
    Sign("kasada", header="x-kpsdk-ct", status=(403, 429)),
    Sign("yandex", header="x-yandex-captcha"),
    Sign("ddos-guard", title="ddos-guard", status=(403, 429, 503)),
    Sign("", title="are you a robot"),
    Sign("", title="captcha"),
)
"""The visitor is asked to prove that it is no robot: what a probe can never do."""

REFUSALS = (
    Sign("cloudflare", title="used cloudflare to restrict access"),  # 1009 a country, 1020 a rule
    Sign("cloudflare", title="error 1009"),
    Sign("cloudflare", title="error 1020"),
    Sign("akamai", title="access denied", header="server", value="akamaighost"),
    Sign("akamai", title="access denied", header="x-reference-error"),
    Sign("imperva", header="x-iinfo", status=(403,)),
    Sign("imperva", header="x-cdn", value="imperva", status=(403,)),
    Sign("imperva", header="x-cdn", value="incapsula", status=(403,)),
    Sign("cloudfront", title="the request could not be satisfied", status=(403,)),
    Sign("sucuri", title="sucuri website firewall"),
    Sign("sucuri", header="x-sucuri-block"),
    Sign("f5", title="request rejected"),
)
"""A front refuses by a rule of the service's: the page is its own, whoever wrote the rule."""
_DENIED = (
    "not available", "unavailable", "isn't available", "isn’t available", "not yet available",
    "not currently available", "no longer available", "restricted", "blocked", "not permitted",
)  # fmt: skip
_HOME = ("country", "region", "location", "area", "territory", "jurisdiction")
LAWFUL = (
    *(f"{denied} in your {home}" for denied in _DENIED for home in _HOME),
    "unavailable for legal reasons", "unavailable due to legal reasons", "error 1009",
)  # fmt: skip
"""Words of a page, in lower case, that is kept from a country or by a law. Who but counts requests,
or breaks down, does not know where they come from."""
NOTICES = (
    ("ir.peyvandha", ("10.10.34.34", "10.10.34.35", "10.10.34.36", "peyvandha.ir")),
    ("id.internet_positif", ("internetpositif", "internet-positif", "trustpositif", "internet positif")),
    ("kr.warning", ("warning.or.kr",)),
    ("tr.law_5651", ("5651 sayılı", "5651 sayili", "btk.gov.tr erişim engeli")),
    ("in.dot", ("blocked under instructions of a competent", "blocked as per the instructions of")),
    ("ru.registry", ("eais.rkn.gov.ru", "доступ ограничен", "доступ к запрашиваемому ресурсу")),
    ("it.agcom", ("agcom.it/avviso", "sito non raggiungibile per ordine")),
    ("sa.internet", ("internet.sa/blocked", "access to this site is not permitted")),
    ("order", ("access to this website has been restricted", "access to this website has been blocked",
               "access to this site has been blocked by order", "blocked by order of")),
)  # fmt: skip
"""Public knowledge only; longer lists are loaded by a later rule set."""


@lru_cache(maxsize=16384)
def known_notice(text: str) -> str:
    """Name the notice that a title, location, header or address belongs to; empty for none."""
    low = text.lower()
    if not low:
        return ""
    return next((name for name, signs in NOTICES if any(sign in low for sign in signs)), "")


def shown_notice(step: HttpExchange) -> str:
    """A page over a valid certificate is never asked: that is the service's own."""
    texts = (step.location, step.title, step.address, *_headers(step))
    by_words = next(filter(None, map(known_notice, texts)), "")
    return by_words or (step.matched if step.expectation is not Expectation.FORBIDDEN else "")


SURE = frozenset({"nat", "isp"})
"""Scopes of fingerprints that are a country's or an operator's own notices."""
PRODUCT = "prod"
"""What any buyer of a box may show: only where it is expected is it the country's."""


def recognised(found: Fingerprint | None, country: str) -> str:
    """Name the notice of a fingerprint that speaks for the network here; empty for any other.

    A school's page, a vague word, another country's notice are no evidence: unknown pages.
    """
    if found is None:
        return ""
    if found.scope in SURE and (not found.countries or country in found.countries):
        return found.name
    return found.name if found.scope == PRODUCT and country in found.countries else ""


def _headers(step: HttpExchange) -> tuple[str, ...]:
    return tuple(
        header.value for header in step.headers if header.name.lower() in {"server", "via"}
    )


def notice_of(
    dns: Sequence[DnsLookup],
    tls: Sequence[TlsHandshake],
    http: Sequence[HttpExchange],
    country: str,
) -> tuple[str, bool]:
    """Name the known notice among the answers of a chain, and tell whether a redirect led to it."""
    valid = {(step.hop, step.address) for step in tls if step.failure is None}
    for step in http:
        if step.url.startswith("https:") and (step.hop, step.address) in valid:
            continue
        if found := shown_notice(step) or recognised(step.fingerprint, country):
            return found, step.hop > 0 or bool(step.location)
    named = (known_notice(address) for step in dns for address in step.answers)
    listed = (recognised(step.fingerprint, country) for step in dns)
    return next(filter(None, (*named, *listed)), ""), False


def challenged(final: HttpExchange) -> bool:
    return _sign_of(final, CHALLENGES) is not None


def refused_by(final: HttpExchange) -> str:
    """Name the front whose refusal this is; empty for none."""
    sign = _sign_of(final, REFUSALS)
    return sign.front if sign is not None else ""


def barred(final: HttpExchange) -> bool:
    """Whether the page speaks of a country or a law: in its title, or in a text listed as forbidden."""
    low = f"{final.title} {final.matched}".lower()
    return any(words in low for words in LAWFUL)


def _sign_of(final: HttpExchange, signs: Sequence[Sign]) -> Sign | None:
    """The first of the signs that a page shows."""
    title, sent = final.title.lower(), {header.name.lower() for header in final.headers}
    for sign in signs:
        likely = sign.header in sent if sign.header else sign.title in title
        if likely and _shows(final, sign):
            return sign
    return None


def _shows(final: HttpExchange, sign: Sign) -> bool:
    if sign.status and final.status not in sign.status:
        return False
    if sign.title and sign.title not in final.title.lower():
        return False
    return not sign.header or _sent(final, sign)


def _sent(final: HttpExchange, sign: Sign) -> bool:
    return any(
        header.name.lower() == sign.header and sign.value in header.value.lower()
        for header in final.headers
    )
