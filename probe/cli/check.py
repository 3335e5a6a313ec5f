"""`probe check URL`: one measurement from here, every step shown, and what it can and cannot tell."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys

from msgspec import json
from msgspec.structs import replace

from probe.cli.narrate import TESTS, describe, layer, trouble
from probe.config.shape import Measuring, Seconds
from probe.model import (
    Endpoint,
    Measurement,
    Target,
    Vantage,
)

_EVERYWHERE = ("0.0.0.0/0", "::/0")
_USER = re.compile(r"//[^/?#]*@")
"""A user name and password: not even our own complaint of them repeats them."""

_WELL = (
    "It answers as it should, from here. One vantage point cannot tell whether it does elsewhere."
)
_NOT_WELL = (
    "It does not answer as it should, from here. One vantage point cannot tell whose failure that "
    "is: the service's, the network's in between, or this machine's own. Agents in several "
    "countries and networks can."
)
_BOGON = "dns_bogon_error"
_PRIVATE = "If the service is your own, on a private network: --allow-private measures it."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "check",
        help="measure one URL from here, every step shown",
        description="One measurement from here, step by step. Exit 0: the URL answered as it "
        "should; 1: it did not; 2: it cannot be measured.",
    )
    parser.add_argument(
        "url",
        metavar="URL",
        help="http, https, tcp://host:port or dns:name; without a scheme, https",
    )
    parser.add_argument("--json", action="store_true", help="print the measurement as JSON")
    parser.add_argument("--expect", default="", metavar="TEXT", help="must be in the body")
    parser.add_argument(
        "--forbid", action="append", default=[], metavar="TEXT", help="must not be in the body"
    )
    parser.add_argument(
        "--resolver",
        default="system",
        metavar="RESOLVER",
        help="ADDRESS[:PORT], tcp://ADDRESS, tls://NAME@ADDRESS or https://NAME@ADDRESS/dns-query",
    )
    parser.add_argument(
        "--second-resolver",
        action="append",
        metavar="RESOLVER",
        help="asked when a name fails or looks forged (default "
        f"{Measuring().second_resolver}); may be given again; '' asks none",
    )
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="of every step")
    parser.add_argument("--trust", default="", metavar="FILE", help="a PEM bundle of roots")
    parser.add_argument(
        "--allow-private", action="store_true", help="private addresses too: for your own services"
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    from probe.measure.bogon import is_bogon  # noqa: PLC0415 — `probe --help` stays quick
    from probe.measure.goal import goal  # noqa: PLC0415
    from probe.measure.outcome import outcome  # noqa: PLC0415
    from probe.measure.site import BadUrlError, Site  # noqa: PLC0415

    schemed = "://" in arguments.url or arguments.url.startswith("dns:")
    url = arguments.url if schemed else f"https://{arguments.url}"
    try:
        site = goal(url)
    except BadUrlError as error:
        return _refuse(f"{_USER.sub('//', arguments.url)} cannot be measured: {error}")
    literal = isinstance(site, Site) and site.literal
    if literal and is_bogon(site.host) and not arguments.allow_private:
        return _refuse(f"{site.host} is a private address; --allow-private measures it anyway")
    if url != arguments.url:
        sys.stderr.write(f"probe: no scheme given, https assumed: {url}\n")
    endpoint = Endpoint(
        id="check", url=url, expect=arguments.expect, forbid=tuple(arguments.forbid)
    )
    measurement = _measure(endpoint, arguments)
    if arguments.json:
        _print_json(measurement)
    else:
        _show(measurement, url)
    return 0 if outcome(measurement.observations).success else 1


def _measure(endpoint: Endpoint, arguments: argparse.Namespace) -> Measurement:
    from probe.clock import SystemClock  # noqa: PLC0415 — `probe --help` stays quick
    from probe.measure.chain import instruments, measure  # noqa: PLC0415
    from probe.measure.goal import depth  # noqa: PLC0415

    settings = _settings(arguments)
    clock = SystemClock()
    tools = instruments(settings, clock)
    at, start = clock.now(), clock.monotonic()
    observations = asyncio.run(measure(endpoint, tools))
    return Measurement(
        id=f"check-{at:%Y%m%dT%H%M%S.%fZ}",
        at=at,
        took=clock.monotonic() - start,
        vantage=Vantage(id="here", country="ZZ", asn=0),
        target=Target(service="check", feature="check", endpoint=endpoint.id),
        observations=observations,
        goal=depth(endpoint.url),
    )


def _settings(arguments: argparse.Namespace) -> Measuring:
    settings = Measuring(
        resolver=arguments.resolver,
        second_resolver=_second(arguments.second_resolver),
        trust=arguments.trust,
        allow_private=_EVERYWHERE if arguments.allow_private else (),
    )
    if not arguments.timeout:
        return settings
    limit = Seconds(arguments.timeout)
    return replace(
        settings,
        dns_timeout=limit,
        connect_timeout=limit,
        tls_timeout=limit,
        http_timeout=limit,
    )


def _second(given: list[str] | None) -> str | tuple[str, ...]:
    if given is None:
        return Measuring().second_resolver
    return tuple(text for text in given if text)


def _print_json(measurement: Measurement) -> None:
    text = json.format(json.encode(measurement), indent=2).decode()
    sys.stdout.write(text + "\n")


def _show(measurement: Measurement, url: str) -> None:
    from rich.console import Console  # noqa: PLC0415 — `probe --help` stays quick
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from probe.measure.outcome import outcome  # noqa: PLC0415

    table = Table.grid(padding=(0, 1))
    for seen in measurement.observations:
        wrong = trouble(seen)
        words = Text(describe(seen))
        if wrong:
            words.append(f"\n{wrong}", style="red")
        if seen.test:
            words.append(f"\n{TESTS[seen.test]}", style="dim")
        table.add_row(
            Text("✗" if wrong else "✓", style="red" if wrong else "green"),
            layer(seen),
            words,
            Text(f"{seen.took * 1000:.0f} ms", style="dim"),
        )
    console = Console(file=sys.stdout, highlight=False)
    console.print(Text(url, style="bold"), table, sep="\n")
    well = outcome(measurement.observations).success
    console.print(Text(_WELL if well else _NOT_WELL))
    if any(seen.failure and seen.failure.name == _BOGON for seen in measurement.observations):
        console.print(Text(_PRIVATE))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"probe: {sentence}\n")
    return 2
