"""What a Prometheus of the host scrapes of a lab: a loopback socket for each process, and the file naming them."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from probe.config.load import ConfigError
from probe.lab.kernel.layout import plan
from probe.lab.scenario import Scenario
from probe.model import Vantage

CENTRE = "correlator"
BACKLOG = 16


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of Prometheus' file_sd."""

    targets: tuple[str, ...]
    labels: dict[str, str]


@contextmanager
def scrapable(scenario: Scenario, file: Path | None) -> Iterator[dict[str, int]]:
    """Hold a listening socket for each process, by its name; write where they are to the file.

    Without a file there are none. Raises ConfigError where the file cannot be written.
    """
    with ExitStack() as held:
        sockets = {
            name: held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=BACKLOG))
            for name in (labelled(scenario) if file else ())
        }
        if file:
            places = {name: made.getsockname()[1] for name, made in sockets.items()}
            _write(file, listed(scenario, places))
        yield {name: made.fileno() for name, made in sockets.items()}


def listed(scenario: Scenario, ports: Mapping[str, int]) -> tuple[Target, ...]:
    """List the processes with the labels that deploy/prometheus asks for, their jobs too."""
    return tuple(
        Target(targets=(f"127.0.0.1:{ports[name]}",), labels=labels)
        for name, labels in labelled(scenario).items()
    )


def labelled(scenario: Scenario) -> dict[str, dict[str, str]]:
    vantages = [host.vantage for host in plan(scenario).hosts if host.vantage]
    return {vantage.id: _labels(vantage) for vantage in vantages} | {
        CENTRE: {"job": "worksforwhom-correlator"}
    }


def _labels(vantage: Vantage) -> dict[str, str]:
    return {
        "job": "worksforwhom-agent",
        "vantage": vantage.id,
        "country": vantage.country,
        "asn": str(vantage.asn),
        "network_kind": vantage.kind,
    }


def _write(file: Path, targets: tuple[Target, ...]) -> None:
    """Write beside it and rename: a Prometheus that watches the file never reads half of it."""
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(targets)) + b"\n")
        beside.replace(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{file}: the targets cannot be written there: {reason}") from None
