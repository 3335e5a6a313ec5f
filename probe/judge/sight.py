"""One measurement, read once: how far it came, what ended it, what was presented on the way."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from probe.judge.slim import slim
from probe.judge.traits import NONE, Traits
from probe.judge.trials import UNTRIED, Trials
from probe.model import (
    Expectation,
    Health,
    Layer,
    Target,
    Vantage,
)

OWN_FAILURES = frozenset({
    "network_down", "address_not_available", "no_buffer_space", "permission_denied", "address_in_use", "bad_address",
    "bad_file_descriptor", "address_family_not_supported", "operation_would_block", "already_connected", "interrupted",
    "connection_already_in_progress", "destination_address_required", "invalid_argument", "message_size", "not_a_socket", "no_protocol_option", "not_connected", "protocol_not_supported", "wrong_protocol_type",
})  # fmt: skip
"""A vantage's own trouble by OONI's names, whatever was probed (ooni.md, section b)."""
UNREACHABLE = frozenset({"network_unreachable", "host_unreachable"})
CERTIFICATE = frozenset(
    {"ssl_invalid_hostname", "ssl_unknown_authority", "ssl_invalid_certificate"}
)


class Contrast(StrEnum):
    """How a differential test came out beside the plain step that it repeats."""

    UNTRIED = "untried"
    PASSES = "passes"
    """What fails for the target's name, or at its resolver, works here."""
    ALIKE = "alike"
    """It fails here too."""


class Sight(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """What one measurement shows, without any other beside it.

    It does not hold the measurement: a window of sights must fit where its measurements do not.
    """

    id: str
    """The measurement's: the witness by which evidence names it."""
    at: datetime
    vantage: Vantage
    target: Target
    health: Health
    """How well the vantage said it was."""
    goal: Layer = Layer.HTTP
    """The deepest that the endpoint asks for."""
    met: bool = False
    """A whole answer that meets the expectations, or all that is asked for where that is less."""
    answered: bool = False
    """Any final answer over HTTP."""
    secure: bool = False
    """That answer came over a certificate valid for the name."""
    layer: Layer | None = None
    """Where it ended, unless answered."""
    failure: str = ""
    """OONI's name of what ended it."""
    expired: bool = False
    lapsed: bool = False
    """Of the certificates that were refused nothing but the time is wrong: their names fit, and they
    lead to a root that the vantage trusts. Who is not their holder has no such ones to show."""
    own: bool = False
    """Only the vantage's own network stack, or its IPv6 alone, is to blame."""
    answers: tuple[str, ...] = ()
    """Addresses from the plain chain's resolver."""
    tried: tuple[str, ...] = ()
    """Addresses to which the failing layer was tried."""
    valid: tuple[str, ...] = ()
    """Addresses that presented a certificate valid for the name."""
    leaf: str = ""
    """SHA-256 of a certificate that was refused."""
    issuer: str = ""
    bogon: bool = False
    doubled: tuple[str, ...] = ()
    """Second DNS answers that name other addresses than the first."""
    neutral: Contrast = Contrast.UNTRIED
    second: Contrast = Contrast.UNTRIED
    second_answers: tuple[str, ...] = ()
    status: int | None = None
    digest: str = ""
    """Of a page that came over plain HTTP and does not meet the expectations."""
    expectation: Expectation | None = None
    words: str = ""
    """The digest of that page's words."""
    challenge: bool = False
    refusal: str = ""
    """The service's own front that refused, by name."""
    barred: bool = False
    """The page says that it is not for this country, or that a law forbids it."""
    notice: str = ""
    """The known block notice that was shown, by name."""
    redirected: bool = False
    """The notice was reached by a redirect."""
    pace: float = 0.0
    """Seconds for TCP, TLS and the whole answer that met the expectations: a throttle may let
    its first byte through in time."""
    only_named: bool = False
    """Nothing but names was asked for."""
    site: tuple[str, str] = ("", "")
    """The delivery network that answered, and its site."""
    traits: Traits = NONE
    trials: Trials = UNTRIED


SHOWN = (
    "id", "at", "vantage", "target", "health", "answers", "valid", "bogon", "doubled", "status",
    "pace", "site",
)  # fmt: skip
Glance = slim(
    Sight, SHOWN, {"met": True, "answered": True, "secure": True, "expectation": Expectation.MET}
)
"""A whole answer over a valid certificate: such are nearly all."""
