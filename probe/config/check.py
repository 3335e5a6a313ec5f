"""What a well-typed configuration may still get wrong, as tables of fields and what they must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from probe.config import form
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    Discovering,
    EnrolledAgent,
    QuickstartConfig,
    Receiver,
    ReceiverKind,
    ReferenceConfig,
    Uplinking,
)
from probe.model import CONTROL, Control, Endpoint, Reach

Path = tuple[str | int, ...]

PLAIN = msgspec.structs.asdict(Endpoint(id="", url=""))
"""The defaults."""


class Problem(msgspec.Struct, frozen=True):
    path: Path
    text: str


class Number(msgspec.Struct, frozen=True):
    """Every number at `field` lies from `low` to `high`."""

    field: str
    low: float
    high: float
    wanted: str


class Text(msgspec.Struct, frozen=True):
    """Every text at `field` passes `test`."""

    field: str
    test: Callable[[str], bool]
    wanted: str


class Whole(msgspec.Struct, frozen=True):
    """Something at `field` agrees with itself: `find` yields what does not, from there on."""

    field: str
    find: Callable[[object], Iterable[Problem]]


Check = Number | Text | Whole

# ── checks of several fields together ────────────────────────────────────────────────────────


def _unique(
    key: Callable[[msgspec.Struct], str], field: str = "id"
) -> Callable[[object], Iterable[Problem]]:
    def find(items: object) -> Iterator[Problem]:
        seen: dict[str, int] = {}
        for number, item in enumerate(items if isinstance(items, tuple) else ()):
            name = key(item)
            if name in seen:
                yield Problem(
                    (number, field), f"{name!r} is given twice; every {field} is its own"
                )
            seen[name] = number

    return find


def _id(item: msgspec.Struct) -> str:
    return str(getattr(item, "id", ""))


def _control_id(item: msgspec.Struct) -> str:
    return item.endpoint.id if isinstance(item, Control) else ""


def _vantage_id(item: msgspec.Struct) -> str:
    return item.vantage.id if isinstance(item, EnrolledAgent) else ""


def _control_country(item: object) -> Iterator[Problem]:
    if not isinstance(item, Control):
        return
    if item.reach is Reach.DOMESTIC and not item.country:
        yield Problem((), "is domestic but names no country; add `country: DE`, say")
    if item.reach is Reach.FOREIGN and item.country:
        yield Problem(("country",), "belongs to domestic controls; leave it out of a foreign one")


def _pageless(item: object) -> Iterator[Problem]:
    """An open port and a name's addresses are asked for no page, so they can promise none."""
    if not isinstance(item, Endpoint) or item.url.lower().startswith("http"):
        return
    for field in ("method", "status", "expect", "forbid", "min_bytes"):
        if getattr(item, field) != PLAIN[field]:
            yield Problem((field,), "belongs to http and https endpoints; leave it out here")


def _one_token(item: object) -> Iterator[Problem]:
    given: tuple[str, ...]
    match item:
        case Uplinking():
            given = (item.token, item.token_file)
            right = "give exactly one of token, token_file"
        case EnrolledAgent() | Discovering():
            given = (item.token, item.token_file, item.token_sha256)
            right = "give exactly one of token, token_file, token_sha256"
        case _:
            return
    number = sum(bool(text) for text in given)
    if number != 1:
        yield Problem((), f"{'no token' if number == 0 else 'more than one token'}; {right}")


def _receiver_name(item: msgspec.Struct) -> str:
    return str(getattr(item, "name", ""))


def _receiver(item: object) -> Iterator[Problem]:
    if not isinstance(item, Receiver):
        return
    if item.token and item.token_file:
        yield Problem((), "more than one token; give at most one of token, token_file")
    if (item.token or item.token_file) and not form.is_guarded_url(item.url):
        yield Problem(("url",), "must be https, or http on loopback, as it takes a token along")
    secrets = sum(map(bool, (item.secret, item.secret_file)))
    if item.kind is ReceiverKind.JSON and secrets != 1:
        yield Problem((), "a json webhook is signed; give exactly one of secret, secret_file")
    if item.kind is ReceiverKind.ALERTMANAGER and secrets:
        yield Problem((), "Alertmanager reads no signature; leave secret and secret_file out")


# ── the tables ───────────────────────────────────────────────────────────────────────────────

MOST = float(2**53)
TICK = 0.001
POSITIVE = "must be longer than 0s"
ID_RULE = "must be 1 to 64 letters, digits, '.', '_' or '-', letter or digit first"
NAME_RULE = "must have no control characters"
COUNTRY_RULE = "must be a country's two capital letters (ISO 3166-1), such as DE"
URL_RULE = "must be an http or https URL with a host, without user name, spaces or bare non-ASCII"
ENDPOINT_RULE = (
    "must be an http or https URL with a host, without user name, spaces or bare non-ASCII; or "
    "tcp://host:port; or dns:name, dns://resolver/name?type=AAAA, dns+tls://resolver/name"
)
RESOLVER = form.RESOLVER_WANTED
STATUS_RULE = "must be a status, 100 to 999"  # above 599 some sites invent their own
LISTEN_RULE = "must be host:port, [v6]:port, fd:N, or empty"

VANTAGE: tuple[Check, ...] = (
    Text("vantage.id", form.is_id, ID_RULE),
    Text("vantage.country", form.is_country, COUNTRY_RULE),
    Text("vantage.network", form.is_name, NAME_RULE),
    Number("vantage.asn", 1, 2**32 - 1, "must be an AS number, 1 or more"),
    Number("vantage.resolver_asn", 0, 2**32 - 1, "must be an AS number, or 0 where unknown"),
)
SCHEDULE: tuple[Check, ...] = (
    Number("schedule.interval", TICK, MOST, POSITIVE),
    Number("schedule.jitter", 0, 0.5, "must be from 0 to 0.5"),
    Number("schedule.concurrency", 1, 10_000, "must be from 1 to 10000"),
    Number("schedule.per_host", 0, 1_000_000, "must be from 0 (no limit) to 1000000"),
)
MEASURING: tuple[Check, ...] = (
    *(
        Number(f"measuring.{name}_timeout", TICK, MOST, POSITIVE)
        for name in ("dns", "connect", "tls", "http")
    ),
    Number("measuring.max_addresses", 1, 64, "must be from 1 to 64"),
    Number("measuring.max_redirects", 0, 20, "must be from 0 to 20"),
    Number("measuring.max_body", 1024, 64 * 1024**2, "must be from 1KiB to 64MiB"),
    Number("measuring.keep_body", 0, 16 * 1024, "must be from 0 (none) to 16KiB"),
    Text("measuring.resolver", form.is_resolver_or_system, f"must be `system` or {RESOLVER}"),
    Text("measuring.second_resolver", form.is_resolver_or_empty, f"must be empty or {RESOLVER}"),
    Text("measuring.second_resolver.*", form.is_resolver, f"must be {RESOLVER}"),
    Text("measuring.allow_private.*", form.is_network, "must be a network such as 10.0.0.0/8"),
    Text("measuring.whoami", form.is_host_or_empty, "must be a host name, or empty"),
    Text("measuring.user_agent", str.isprintable, "must be printable, on one line"),
    Text("measuring.reference.address", form.is_address, "must be an address, such as 192.0.2.1"),
    Text("measuring.reference.networks.*", form.is_network, "must be a network: 192.0.2.0/24"),
    Number("measuring.reference.port", 1, 65535, "must be a port, 1 to 65535"),
    Number("measuring.reference.plain_port", 1, 65535, "must be a port, 1 to 65535"),
    Number("measuring.residual", 0, MOST, "must be 0s or longer"),
    Number("measuring.tests_per_minute", 0, 1_000_000, "must be 0 or more"),
    Number("measuring.background", 0, 1, "must be from 0 to 1"),
)
LOG: tuple[Check, ...] = (
    Text(
        "log.level",
        form.is_one_of("debug", "info", "warning", "error"),
        "must be debug, info, warning or error",
    ),
    Text("log.format", form.is_one_of("logfmt", "json"), "must be logfmt or json"),
)
JUDGING: tuple[Check, ...] = (
    Number("judging.round", TICK, MOST, POSITIVE),
    Number("judging.every", TICK, MOST, POSITIVE),
    Number("judging.rounds", 1, 1000, "must be from 1 to 1000"),
    Number("judging.late", 1, MOST, "must be 1s or longer"),
    Text("judging.maintenance.*.reason", bool, "must not be empty: it is what people are told"),
    Number("judging.maintenance.*.lasts", TICK, MOST, POSITIVE),
    Number("judging.maintenance.*.every", 0, MOST, "must be 0s (once) or longer"),
    Number("judging.maintenance.*.networks.*", 1, 2**32 - 1, "must be an AS number, 1 or more"),
)
WEB: tuple[Check, ...] = (Text("web.listen", form.is_listen, LISTEN_RULE),)
SERVICES: tuple[Check, ...] = (
    Text("services.*.id", form.is_id, ID_RULE),
    Text(
        "services.*.id",
        lambda text: text != CONTROL,
        "must not be `control`: the controls have it",
    ),
    Text("services.*.name", bool, "must not be empty"),
    Text("services.*.features.*.id", form.is_id, ID_RULE),
    Text("services.*.features.*.endpoints.*.id", form.is_id, ID_RULE),
    Text("services.*.features.*.endpoints.*.url", form.is_endpoint_url, ENDPOINT_RULE),
    Text(
        "services.*.features.*.endpoints.*.method",
        form.is_one_of(*form.METHODS),
        f"must be one of {', '.join(form.METHODS)}",
    ),
    Number("services.*.features.*.endpoints.*.status.*", 100, 999, STATUS_RULE),
    Number("services.*.features.*.endpoints.*.min_bytes", 0, MOST, "must be 0 or more"),
    Whole("services.*.features.*.endpoints.*", _pageless),
    Text("services.*.features.*.endpoints.*.forbid.*", bool, "must not be empty"),
    Whole("services", _unique(_id)),
    Whole("services.*.features", _unique(_id)),
    Whole("services.*.features.*.endpoints", _unique(_id)),
)


WEBHOOKS: tuple[Check, ...] = (
    Text(
        "webhooks.external_url",
        form.is_page_url_or_empty,
        "must be an http or https URL without `?` and `#`",
    ),
    Number("webhooks.resend", TICK, 86400, "must be longer than 0s, and at most 1d"),
    Number("webhooks.max_backoff", TICK, MOST, POSITIVE),
    Number("webhooks.waiting", 1, 1_000_000, "must be from 1 to 1000000"),
    Number("webhooks.give_up", TICK, MOST, POSITIVE),
    Text("webhooks.receivers.*.name", form.is_id, ID_RULE),
    Text("webhooks.receivers.*.url", form.is_url, URL_RULE),
    Number("webhooks.receivers.*.timeout", TICK, 600, "must be longer than 0s, and at most 10m"),
    Text(
        "webhooks.receivers.*.at_least",
        form.is_one_of("suspected", "likely", "confirmed"),
        "must be suspected, likely or confirmed",
    ),
    Whole("webhooks.receivers.*", _receiver),
    Whole("webhooks.receivers", _unique(_receiver_name, "name")),
)
DISCOVERY: tuple[Check, ...] = (
    Text("discovery.token_sha256", form.is_sha256_or_empty, "must be 64 hexadecimal digits"),
    Whole("discovery", _one_token),
    Text("agents.*.scrape", form.is_reachable_or_empty, "must be host:port or [v6]:port"),
)


def _not_empty(items: object) -> Iterator[Problem]:
    if not items:
        yield Problem((), "is empty; name at least one")


CONTROLS: tuple[Check, ...] = (
    Text("controls.*.endpoint.id", form.is_id, ID_RULE),
    Text("controls.*.endpoint.url", form.is_endpoint_url, ENDPOINT_RULE),
    Text(
        "controls.*.endpoint.method",
        form.is_one_of(*form.METHODS),
        f"must be one of {', '.join(form.METHODS)}",
    ),
    Number("controls.*.endpoint.status.*", 100, 999, STATUS_RULE),
    Number("controls.*.endpoint.min_bytes", 0, MOST, "must be 0 or more"),
    Whole("controls.*.endpoint", _pageless),
    Text("controls.*.country", form.is_country_or_empty, COUNTRY_RULE),
    Whole("controls.*", _control_country),
    Whole("controls", _unique(_control_id)),
)
REFERENCE: tuple[Check, ...] = (
    Whole("secure", _not_empty),
    Text("secure.*", form.is_listen, LISTEN_RULE),
    Text("plain.*", form.is_listen, LISTEN_RULE),
    Text("metrics.listen", form.is_listen, LISTEN_RULE),
    Text("names.*", form.is_host, "must be a host name, such as example.org"),
    Number("limits.connections", 1, 100_000, "must be from 1 to 100000"),
    Number("limits.per_address", 1, 100_000, "must be from 1 to 100000"),
    Number("limits.per_minute", 1, 1_000_000, "must be from 1 to 1000000"),
    Number("limits.bytes_per_minute", 65536, MOST, "must be 64KiB or more"),
    Number("limits.body", 65536, 64 * 1024**2, "must be from 64KiB to 64MiB"),
    Number("limits.timeout", 1, 600, "must be from 1s to 10m"),
)
CHECKS: dict[type[msgspec.Struct], tuple[Check, ...]] = {
    Catalogue: (
        Whole("services", _not_empty),
        Whole("services.*.features", _not_empty),
        Whole("services.*.features.*.endpoints", _not_empty),
        *SERVICES,
        *CONTROLS,
    ),
    AgentConfig: (
        *VANTAGE,
        *SCHEDULE,
        *MEASURING,
        *WEB,
        *LOG,
        Number("spool.max_bytes", 64 * 1024, MOST, "must be 64KiB or more"),
        Text("spool.path", bool, "must not be empty"),
        Text("uplink.url", form.is_guarded_url, "must be https, or http on loopback, with a host"),
        Whole("uplink", _one_token),
        Number("uplink.flush", TICK, MOST, POSITIVE),
        Number("uplink.batch", 1, 5000, "must be from 1 to 5000"),
        Number("uplink.max_backoff", TICK, MOST, POSITIVE),
        Text("uplink.compression", form.is_one_of("gzip", "none"), "must be gzip or none"),
    ),
    CorrelatorConfig: (
        *(msgspec.structs.replace(c, field=f"agents.*.{c.field}") for c in VANTAGE),
        *WEB,
        *LOG,
        *JUDGING,
        Text("pages.listen", form.is_listen, LISTEN_RULE),
        Text("metrics.listen", form.is_listen, LISTEN_RULE),
        Text("agents.*.token_sha256", form.is_sha256_or_empty, "must be 64 hexadecimal digits"),
        Whole("agents.*", _one_token),
        Whole("agents", _unique(_vantage_id)),
        Number("store.keep", 1, MOST, "must be 1s or longer"),
        Number("limits.compressed", 1024, MOST, "must be 1KiB or more"),
        Number("limits.decompressed", 1024, MOST, "must be 1KiB or more"),
        Number("limits.records", 1, MOST, "must be 1 or more"),
        Number("limits.per_minute", 1, MOST, "must be 1 or more"),
        *WEBHOOKS,
        *DISCOVERY,
    ),
    ReferenceConfig: (*REFERENCE, *LOG),
    QuickstartConfig: (*VANTAGE, *SCHEDULE, *MEASURING, *WEB, *LOG, *JUDGING),
}


def problems(value: msgspec.Struct) -> Iterator[Problem]:
    """Find what is wrong, in the tables' order; a shape without a table is as its types say."""
    yield from against(CHECKS.get(type(value), ()), value)


def against(rules: Iterable[Check], value: msgspec.Struct) -> Iterator[Problem]:
    """Find what is wrong by these rules, in their order."""
    for rule in rules:
        for path, held in _select(value, rule.field.split("."), ()):
            yield from _judged(rule, path, held)


def dotted(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in path)
    return text.removeprefix(".")


def _key(name: str) -> str:
    """Write a key that a user made up: it must not make a second line of an error."""
    return name if name.isprintable() and name else repr(name)


def _judged(rule: Check, path: Path, held: object) -> Iterator[Problem]:
    match rule:
        case Number():
            if not isinstance(held, int | float) or not rule.low <= held <= rule.high:
                yield Problem(path, f"is {held}; it {rule.wanted}")
        case Text():
            if isinstance(held, tuple):  # its items have a rule of their own
                return
            if not isinstance(held, str) or not rule.test(held):
                shown = held.value if isinstance(held, StrEnum) else held
                yield Problem(path, f"is {shown!r}; it {rule.wanted}")
        case Whole():
            for problem in rule.find(held):
                yield Problem((*path, *problem.path), problem.text)


def _select(value: object, parts: list[str], path: Path) -> Iterator[tuple[Path, object]]:
    """Find everything at a dotted path in which `*` is every item; there is nothing in None."""
    if value is None:
        return
    if not parts:
        yield path, value
        return
    name, *rest = parts
    if name == "*":
        for number, item in enumerate(value if isinstance(value, tuple) else ()):
            yield from _select(item, rest, (*path, number))
    else:
        yield from _select(getattr(value, name), rest, (*path, name))
