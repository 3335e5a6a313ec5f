"""Well-known block notices, by the words, hosts and addresses that give them away.

A page that matches nothing here is an unknown page, never a block page: most unexpected pages
are not (attribution.md, section 4).
"""

from __future__ import annotations

from functools import lru_cache

from probe.model import Expectation, HttpExchange

CHALLENGES = ("just a moment", "attention required", "are you a robot", "captcha")
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


def _headers(step: HttpExchange) -> tuple[str, ...]:
    return tuple(
        header.value for header in step.headers if header.name.lower() in {"server", "via"}
    )


def challenged(final: HttpExchange) -> bool:
    title = final.title.lower()
    mitigated = any(
        header.name.lower() == "cf-mitigated" and "challenge" in header.value.lower()
        for header in final.headers
    )
    return mitigated or any(words in title for words in CHALLENGES)
