"""One row of the table of rules, and what the hypotheses count of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from probe.judge.conditions import Condition
from probe.model import Author, Cause, Standing

CAP = 6.0
"""Most nats any one row may carry: no single sight decides."""


class Category(StrEnum):
    """What the hypotheses count."""

    __hash__ = str.__hash__  # as that of Cause

    OK = "ok"
    SLOW = "slow"
    DNS_FORGED = "dns_forged"
    DNS_RCODE = "dns_rcode"
    DNS_TIMEOUT = "dns_timeout"
    TCP_TIMEOUT = "tcp_timeout"
    TCP_RESET = "tcp_reset"
    UNREACHABLE = "unreachable"
    TLS_RESET = "tls_reset"
    TLS_TIMEOUT = "tls_timeout"
    FALSE_CERTIFICATE = "false_certificate"
    BAD_CERTIFICATE = "bad_certificate"
    """The service's own that no longer verifies."""
    HTTP_RESET = "http_reset"
    HTTP_TIMEOUT = "http_timeout"
    REFUSED = "refused"
    """403: by a border, or by a front that lets nobody in."""
    BARRED = "barred"
    """Refused to a country, or by a law, in so many words: 451, or a page that says so. No
    breakdown says that."""
    SERVER_ERROR = "server_error"
    APP_ERROR = "app_error"
    BLOCK_PAGE = "block_page"
    OTHER = "other"
    NOTHING = "nothing"
    """Not evidence about the endpoint at all."""


class Row(msgspec.Struct, frozen=True, eq=False):
    id: str
    layer: str
    condition: Condition
    category: Category
    author: Author
    sentence: str
    source: str
    mechanism: str = ""
    weights: Mapping[Cause, float] = {}
    standing: Standing = Standing.SCORED
