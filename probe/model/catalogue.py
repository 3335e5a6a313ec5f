"""What is probed, and from where."""

from __future__ import annotations

from enum import StrEnum

from probe.model.record import Record

CONTROL = "control"
"""The service id under which controls are measured; its features are the two `Reach` values."""


class Endpoint(Record, frozen=True, kw_only=True):
    """One URL and what a well service answers there. `id` is a stable name, never an address."""

    id: str
    url: str
    """A page, `http:` or `https:`; an open port, `tcp://host:port`; or a name's addresses, `dns:name`
    or `dns://resolver:port/name?type=AAAA` (RFC 4501). What follows is of pages alone."""
    method: str = "GET"
    status: tuple[int, ...] = ()
    """Statuses of a well service; empty means any below 400."""
    expect: str = ""
    """A text that must be in the body, when not empty."""
    forbid: tuple[str, ...] = ()
    """Texts that betray a failure of the service, even on a 200."""
    min_bytes: int = 0
    """Fewest body bytes of a whole answer."""


class Feature(Record, frozen=True, kw_only=True):
    """What breaks separately: web, app-api, media, login, notifications, links."""

    id: str
    name: str
    endpoints: tuple[Endpoint, ...]
    depends: tuple[str, ...] = ()
    """Beside the service's own: names of what else this feature stands on."""


class Service(Record, frozen=True, kw_only=True):
    """What a person names: Twitter."""

    id: str
    name: str
    features: tuple[Feature, ...]
    depends: tuple[str, ...] = ()
    """What it stands on that others stand on too, by any stable name: `cloudflare`, `route53`."""


class Reach(StrEnum):
    """Where a control stands, seen from the vantage."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


class Control(Record, frozen=True, kw_only=True):
    """An endpoint that says whether the vantage itself is well."""

    reach: Reach
    endpoint: Endpoint
    country: str = ""
    """For a domestic control: the country (ISO 3166-1 alpha-2) whose vantages measure it."""


class NetworkKind(StrEnum):
    RESIDENTIAL = "residential"
    MOBILE = "mobile"
    DATACENTRE = "datacentre"


class Vantage(Record, frozen=True, kw_only=True):
    """A probe host. It has no address here: what is published must not lead to a volunteer."""

    id: str
    country: str
    """ISO 3166-1 alpha-2."""
    asn: int
    network: str = ""
    """The operator's name, for people."""
    kind: NetworkKind = NetworkKind.RESIDENTIAL
    resolver_asn: int = 0
    """The network of the resolver it uses; 0 where unknown."""
