"""A scenario on the kernel lab, looked on from the host, the minutes of the rules shortened to two seconds.

`probe lab run` of six agents in three countries and a correlator over real packets, Debian's
Prometheus with the shipped rules, Debian's Alertmanager with the shipped routes, and receivers of
what Alertmanager and the correlator themselves tell.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from tests.deploy import webhook
from tests.deploy.filled import DEPLOY, ROOT
from tests.deploy.rules import ALERTMANAGER, PROMETHEUS, RULE_FILES

SCALE = 30
"""Sixty seconds are two."""
SCENARIO = Path(__file__).with_name("live.yaml")
PROCESSES = 7
"""Six agents and the correlator."""

SCRAPING = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules/*.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: lab
    file_sd_configs: [{{files: [lab.json]}}]
"""
RECEIVERS = """receivers:
  - {{name: newsroom, webhook_configs: [{{url: "http://127.0.0.1:{hook}/newsroom"}}]}}
  - {{name: operators, webhook_configs: [{{url: "http://127.0.0.1:{hook}/operators"}}]}}
  - {{name: watchdog, webhook_configs: [{{url: "http://127.0.0.1:{hook}/watchdog"}}]}}
  - {{name: nobody}}
"""


class Told(msgspec.Struct, frozen=True):
    """An alert, as Alertmanager tells it."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Place(msgspec.Struct, frozen=True):
    """An entry of the lab's file for file_sd."""

    targets: tuple[str, ...]
    labels: dict[str, str]


class Message(msgspec.Struct, frozen=True):
    receiver: str
    status: str
    alerts: tuple[Told, ...]


class Sample(msgspec.Struct, frozen=True):
    metric: dict[str, str]


class Found(msgspec.Struct, frozen=True):
    result: tuple[Sample, ...]


class Answer(msgspec.Struct, frozen=True):
    data: Found


@dataclass
class Servers:
    """The receiver of messages, and what it was told."""

    messages: list[Message] = field(default_factory=list)

    def told(self, receiver: str) -> list[Message]:
        return [message for message in self.messages if message.receiver == receiver]


def handler(servers: Servers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            servers.messages.append(msgspec.json.decode(body, type=Message))
            self._answer(HTTPStatus.OK)

        def _answer(self, status: HTTPStatus) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serving(servers: Servers) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(servers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [
            held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(made.getsockname()[1]) for made in sockets]


# ── the files ────────────────────────────────────────────────────────────────────────────────

UNITS = {"s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(?P<before>for: |interval: |wait: |\[)(?P<number>\d+)(?P<unit>[smh])\b")


def shortened(text: str) -> str:
    """Divide the durations of rules and routes by `SCALE`, to a second at least."""

    def short(found: re.Match[str]) -> str:
        seconds = int(found["number"]) * UNITS[found["unit"]]
        return f"{found['before']}{max(seconds // SCALE, 1)}s"

    return DURATION.sub(short, text)


@dataclass(frozen=True)
class Places:
    """Ports, all on loopback."""

    hook: int
    prometheus: int
    alertmanager: int

    def fill(self, text: str) -> str:
        return text.format(**vars(self))


def write(folder: Path, places: Places) -> None:
    (folder / "prometheus.yml").write_text(places.fill(SCRAPING))
    (folder / "rules").mkdir()
    for path in RULE_FILES:
        (folder / "rules" / path.name).write_text(shortened(path.read_text()))
    shipped = (DEPLOY / "alertmanager/alertmanager.yml").read_text().partition("receivers:")[0]
    text = shortened(shipped).replace("templates/", f"{DEPLOY}/alertmanager/templates/")
    (folder / "alertmanager.yml").write_text(text + places.fill(RECEIVERS))


# ── the processes ────────────────────────────────────────────────────────────────────────────


def lab(folder: Path) -> list[str]:
    given = ["--full", "--targets", folder / "lab.json", "--keep-logs", folder / "lab"]
    given += ["--settings", webhook.settings(folder)]
    return [sys.executable, "-m", "probe", "lab", "run", str(SCENARIO), *map(str, given)]


def commands(folder: Path, places: Places) -> dict[str, list[str]]:
    return {
        "alertmanager": [
            str(ALERTMANAGER),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alerts'}",
            f"--web.listen-address=127.0.0.1:{places.alertmanager}",
            "--cluster.listen-address=",
        ],
        "prometheus": [
            str(PROMETHEUS),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'samples'}",
            f"--web.listen-address=127.0.0.1:{places.prometheus}",
            "--enable-feature=exemplar-storage",
            f"--rules.alert.resend-delay={60 // SCALE}s",
        ],
    }


@contextmanager
def running(name: str, command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GOMAXPROCS": "1"}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Installation:
    folder: Path
    places: Places
    servers: Servers
    processes: dict[str, subprocess.Popen[bytes]]

    def query(self, promql: str) -> tuple[Sample, ...]:
        asked = urllib.parse.urlencode({"query": promql})
        url = f"http://127.0.0.1:{self.places.prometheus}/api/v1/query?{asked}"
        return msgspec.json.decode(got(url), type=Answer).data.result

    def until(self, what: str, holds: Callable[[], object], seconds: float = 60) -> None:
        """Wait for it; what the programs said is in the error where it does not come."""
        try:
            until(lambda: holds() or self.ended(), what, seconds)
            assert not self.ended(), f"{self.ended()} ended by itself"
        except AssertionError as error:
            error.add_note(self.logs())
            raise

    def ended(self) -> str:
        return ", ".join(name for name, p in self.processes.items() if p.poll() is not None)

    def logs(self) -> str:
        return "\n".join(
            f"── {path.stem}\n{path.read_text()[-1500:]}" for path in self.folder.rglob("*.log")
        )


def until(holds: Callable[[], object], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)


def got(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 — loopback
        return bytes(answer.read())


def answers(port: int, path: str) -> bool:
    try:
        got(f"http://127.0.0.1:{port}{path}")
    except OSError:
        return False
    return True


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Start everything; give it once the scenario has begun, and leave nothing running."""
    servers, processes = Servers(), dict[str, subprocess.Popen[bytes]]()
    with ExitStack() as exits:
        hook = exits.enter_context(serving(servers))
        places = Places(hook, *free_ports(2))
        write(folder, places)
        world = Installation(folder, places, servers, processes)
        processes["lab"] = exits.enter_context(running("lab", lab(folder), folder))
        begins = "the scenario begins"
        # Another lab of this machine may have its turn first.
        world.until(begins, lambda: begins in (folder / "lab.log").read_text(), 300)
        for name, command in {**commands(folder, places), "hook": webhook.command(folder)}.items():
            processes[name] = exits.enter_context(running(name, command, folder))
        for port in (places.prometheus, places.alertmanager):
            world.until(f"port {port} answers", lambda at=port: answers(at, "/-/ready"))  # type: ignore[misc]
        yield world
