"""`probe demo`: the lab with its pages open, for someone who has just arrived."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from rich.console import Console

    from probe.lab.result import Done, Failed, News


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = subparsers.add_parser(
        "demo",
        help="an outage and then a filtering country, played here, with the pages open",
        description="Makes a small internet on this machine, with agents in eight countries, and "
        "plays first an outage of a service and then a country that filters it. Where that is "
        "not allowed, recorded measurements go through the same correlator. Ends by itself.",
    )
    demo.add_argument("--keep", action="store_true", help="leave it up until Ctrl-C")
    demo.add_argument(
        "--port", type=int, help="of the pages on 127.0.0.1 (8420, or the next free)"
    )
    demo.add_argument("--json", action="store_true", help="the whole outcome as JSON at the end")
    demo.add_argument(
        "--recorded", action="store_true", help="play recorded measurements, make no internet"
    )
    demo.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from probe.lab import demo  # noqa: PLC0415
    from probe.lab.result import Done  # noqa: PLC0415
    from probe.lab.show import follow  # noqa: PLC0415

    try:
        listening = demo.listener(arguments.port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        sys.stderr.write(f"probe demo: {reason}; choose another by --port\n")
        return 2
    obstacle = demo.obstacle(recorded=arguments.recorded)
    console = Console(stderr=arguments.json)
    console.print(f"pages: {demo.address(listening)}/", highlight=False, soft_wrap=True)
    if obstacle:
        text = f"playing recorded measurements: {obstacle}"
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    with closing(demo.play(listening, recorded=bool(obstacle), keep=arguments.keep)) as news:
        last = follow(news, console)
        _report(last, console, as_json=arguments.json)
        if arguments.keep and isinstance(last, Done):
            _stay(news, console)
    return 0 if isinstance(last, Done) and last.result.right else 1


def _stay(news: Iterator[News], console: Console) -> None:
    console.print("it stays up until Ctrl-C", highlight=False)
    try:
        for _ in news:
            pass
    except KeyboardInterrupt:
        console.print("taking it down", highlight=False)


def _report(last: Done | Failed | None, console: Console, *, as_json: bool) -> None:
    from probe.lab import line  # noqa: PLC0415
    from probe.lab.result import Done, Failed  # noqa: PLC0415
    from probe.lab.show import outcome  # noqa: PLC0415

    match last:
        case None:
            sys.stderr.write("probe demo: it ended without a result\n")
        case Failed(reason=reason, logs=logs):
            sys.stderr.write(f"probe demo: {reason}{f'; logs: {logs}' if logs else ''}\n")
        case Done(result=result) if as_json:
            sys.stdout.write(line.encode(result).decode())
        case Done(result=result):
            for text in outcome(result):
                console.print(text, soft_wrap=True, highlight=False)
