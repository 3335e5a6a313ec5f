"""`probe export --ooni`: our measurements as OONI's, for its tools."""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from probe.config.load import ConfigError, catalogue

_STDOUT = Path("-")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "export",
        help="our measurements in the form of others: OONI's web_connectivity",
        description="Write stored measurements as OONI's web_connectivity measurements, one a line. "
        "No vantage is named in them: probe_ip is 127.0.0.1, and private resolvers stay unsaid.",
    )
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="JSON Lines (default: standard input)"
    )
    parser.add_argument("--ooni", action="store_true", required=True, help="as web_connectivity")
    parser.add_argument(
        "-o", "--out", type=Path, default=_STDOUT, metavar="OUT", help="a file; .gz packs it"
    )
    parser.add_argument(
        "--catalogue", type=Path, metavar="FILE", help="the URLs of endpoints by their ids"
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415 — `probe --help` stays quick

    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.desk.lines import STDIN  # noqa: PLC0415
    from probe.desk.outcome import Tally  # noqa: PLC0415
    from probe.desk.reading import Refused, read  # noqa: PLC0415
    from probe.interop.export import UntoldError, export  # noqa: PLC0415
    from probe.model import CONTROL, Measurement, Paired  # noqa: PLC0415

    urls = _urls(arguments.catalogue)
    paths = tuple(arguments.files) or (STDIN,)
    _check(paths, arguments.out)
    encoder, tally, written = msgspec.json.Encoder(), Tally(), 0
    with _output(arguments.out) as out:
        for item in read(paths, {}, SystemClock().now()):
            if isinstance(item, Refused):
                tally.add(item)
                continue
            held = item if isinstance(item, Paired) else Paired(own=item)
            if isinstance(item, Measurement) and item.target.service == CONTROL:
                continue
            try:
                out.write(encoder.encode(export(held, urls)) + b"\n")
                written += 1
            except UntoldError as error:
                tally.add(Refused("measurement", 0, "no_url", str(error)))
    for sentence in tally.sentences():
        sys.stderr.write(f"probe export: {sentence}\n")
    if not written:
        sys.stderr.write("probe export: no measurement was written\n")
    return 0 if written else 1


def _check(paths: Sequence[Path], out: Path) -> None:
    """See that all can be read before the output is opened: that empties it."""
    from probe.desk.lines import STDIN, size  # noqa: PLC0415 — `probe --help` stays quick

    for path in paths:
        size(path)
        if path != STDIN and out.exists() and out.samefile(path):
            raise ConfigError(f"{path}: is read, and cannot be written at once; name another OUT")


def _urls(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    return {
        endpoint.id: endpoint.url
        for service in catalogue(path).services
        for feature in service.features
        for endpoint in feature.endpoints
    }


@contextmanager
def _output(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if path == _STDOUT:
        yield sys.stdout.buffer
        return
    try:
        with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
