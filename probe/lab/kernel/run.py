"""Runs a scenario on the kernel lab: starts its process, passes on its news, cleans up after it."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from probe.config import check
from probe.config.check import Problem
from probe.config.load import read
from probe.lab import library, line
from probe.lab.kernel import turn
from probe.lab.kernel.orchestrator import Request
from probe.lab.kernel.processes import Settings
from probe.lab.kernel.targets import scrapable
from probe.lab.kernel.world import playable
from probe.lab.result import NEWS, Done, Failed, News, Phase
from probe.lab.scenario import Event, Scenario

MODULE = "probe.lab.kernel.orchestrator"
GRACE_SECONDS = 15


SITED = "server.outage_cdn_pop"
BEYOND: tuple[tuple[str, Callable[[Event], object]], ...] = (
    ("dependencies", lambda event: event.dependencies and event.mechanism != SITED),
    ("sites", lambda event: event.sites and event.mechanism != SITED),
    ("cohorts", lambda event: event.cohorts),
    ("controls", lambda event: event.controls),
)
"""What of an event only the simulated lab knows."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    disturbed: bool = False
    full: bool = False
    record: Path | None = None
    pages: int = -1
    """A listening socket of the host's loopback for the correlator's pages."""
    targets: Path | None = None
    """A file for a Prometheus of the host: where it scrapes the agents and the correlator."""
    settings: Path | None = None
    """A file of Settings for the correlator and the listeners of the targets."""
    keep: bool = False
    """Leave the lab up until the caller stops listening."""
    logs: Path | None = None
    """A directory in which everything is kept; None keeps it only where the run failed."""


def unplayable(scenario: Scenario) -> Iterator[Problem]:
    """Find what this lab cannot play."""
    known = playable()
    for number, event in enumerate(scenario.timeline):
        path = ("timeline", number, "mechanism")
        if event.mechanism not in known:
            near = difflib.get_close_matches(event.mechanism, known)
            right = f"did you mean {' or '.join(near)}? It can play" if near else "it can play"
            yield Problem(
                path,
                f"the kernel lab cannot play {event.mechanism!r}; {right} {', '.join(known)}; "
                "what is more, --on simulated may",
            )
        elif beyond := next((what for what, there in BEYOND if there(event)), ""):
            yield Problem(
                path,
                f"the kernel lab cannot play {event.mechanism!r} with {beyond}; "
                "run it with --on simulated",
            )


def run(name: str, options: Options) -> Generator[News, None, None]:
    """Play a scenario; the last news is Done or Failed. Closing the iterator stops the lab."""
    path = library.find(name).resolve()
    scenario = library.load(str(path), also=unplayable)
    if options.settings:
        read(options.settings, Settings, lambda held: check.against(check.WEBHOOKS, held))
    with scrapable(scenario, options.targets) as metrics:
        if options.targets:
            yield Phase(text=f"targets for Prometheus (file_sd): {options.targets}")
        yield from _played(path, options, metrics)


def _played(
    path: Path, options: Options, metrics: Mapping[str, int]
) -> Generator[News, None, None]:
    with (yield from turn.wait()):
        yield from _told_at(_home(options.logs), path, options, metrics)


def _told_at(
    home: Path, path: Path, options: Options, metrics: Mapping[str, int]
) -> Generator[News, None, None]:
    keep = options.logs is not None
    try:
        with _process(_request(path, home, options, metrics)) as process:
            for news in _told(process):
                keep = keep or not _well(news)
                yield _located(news, home) if keep else news
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def _request(path: Path, home: Path, options: Options, metrics: Mapping[str, int]) -> Request:
    return Request(
        scenario=str(path),
        home=str(home),
        disturbed=options.disturbed,
        full=options.full,
        record=str(options.record.resolve()) if options.record else "",
        pages=options.pages,
        metrics=dict(metrics),
        settings=str(options.settings.resolve()) if options.settings else "",
        keep=options.keep,
    )


def _home(logs: Path | None) -> Path:
    if logs is None:
        return Path(tempfile.mkdtemp(prefix="worksforwhom-lab-"))
    logs.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=logs.resolve()))


@contextmanager
def _process(request: Request) -> Iterator[subprocess.Popen[bytes]]:
    """Hold the lab's process: when its input ends, it takes everything down and ends."""
    handed = (request.pages, *request.metrics.values())
    process = subprocess.Popen(  # noqa: S603 — our own module
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(errors := (Path(request.home) / "orchestrator.log").open("wb")),
        pass_fds=[number for number in handed if number >= 0],
    )
    errors.close()
    with process:
        try:
            if process.stdin is not None:
                process.stdin.write(line.encode(request))
                process.stdin.flush()
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _told(process: subprocess.Popen[bytes]) -> Iterator[News]:
    ended = False
    for text in process.stdout or ():
        news = NEWS.decode(text)
        ended = ended or isinstance(news, (Done, Failed))
        yield news
    if not ended:
        yield Failed(reason="the lab's process ended without a result")


def _well(news: News) -> bool:
    match news:
        case Failed():
            return False
        case Done(result=result):
            return result.right
        case _:
            return True


def _located(news: News, home: Path) -> News:
    match news:
        case Failed():
            return msgspec.structs.replace(news, logs=str(home))
        case Done(result=result):
            return Done(result=msgspec.structs.replace(result, logs=str(home)))
        case _:
            return news
