"""A whole installation on loopback, its minutes shortened to two seconds.

An origin that can be made to fail, three agents in three countries, a correlator, Debian's
Prometheus with the shipped rules, Debian's Alertmanager with the shipped routes, and a receiver.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
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
import trustme

from tests.deploy.filled import DEPLOY, ROOT
from tests.deploy.rules import ALERTMANAGER, PROMETHEUS, RULE_FILES

SCALE = 30
"""Sixty seconds are two."""
AGENTS = (("de-1", "DE", 3320), ("tr-1", "TR", 9121), ("fr-1", "FR", 3215))
TOKEN = "a-token-that-is-long-enough-for-"
READER = "the-token-of-who-reads-addresses"

AGENT = """
vantage: {{id: {id}, country: {country}, asn: {asn}}}
schedule: {{interval: 2s, jitter: 0.1}}
measuring:
  allow_private: [127.0.0.0/8]
  second_resolver: ""
  neutral_name: ""
  trust: {trust}
uplink: {{url: "http://127.0.0.1:{correlator}", token: {token}, flush: 1s, max_backoff: 1s}}
spool: {{path: {id}.sqlite}}
web: {{listen: "127.0.0.1:{port}"}}
log: {{level: warning}}
"""
CORRELATOR = """
agents:
{agents}
web: {{listen: "127.0.0.1:{correlator}"}}
judging: {{round: 2s, every: 1s}}
discovery: {{token: {reader}}}
webhooks:
  receivers: [{{name: people, kind: json, url: "http://127.0.0.1:{hook}/json", secret: {token}}}]
log: {{level: warning}}
"""
SERVICES = """
services:
  - id: twitter
    name: Twitter
    features:
      - id: web
        name: Web
        endpoints: [{{id: front, url: "https://127.0.0.1:{origin}/front"}}]
      - id: media
        name: Media
        endpoints: [{{id: image, url: "https://127.0.0.1:{origin}/image"}}]
controls:
  - {{reach: foreign, endpoint: {{id: there, url: "http://127.0.0.1:{control}/1"}}}}
  - {{reach: foreign, endpoint: {{id: also-there, url: "http://127.0.0.1:{control}/2"}}}}
"""
SCRAPING = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules/*.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: worksforwhom-agent
    http_sd_configs:
      - url: http://127.0.0.1:{correlator}/sd/probes
        authorization: {{type: Bearer, credentials_file: sd-token}}
        refresh_interval: 1s
  - job_name: worksforwhom-correlator
    static_configs: [{{targets: ["127.0.0.1:{correlator}"]}}]
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
    """What is served to the installation under test, and what it told."""

    down: threading.Event = field(default_factory=threading.Event)
    messages: list[Message] = field(default_factory=list)
    webhooks: list[bytes] = field(default_factory=list)

    def told(self, receiver: str) -> list[Message]:
        return [message for message in self.messages if message.receiver == receiver]


def handler(servers: Servers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            failing = self.path == "/front" and servers.down.is_set()
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/json":
                servers.webhooks.append(body)
            else:
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
def serving(servers: Servers, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(servers)) as server:
        if tls:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
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

    origin: int
    control: int
    hook: int
    correlator: int
    prometheus: int
    alertmanager: int
    agents: tuple[int, ...]

    def fill(self, text: str, **more: object) -> str:
        return text.format(**vars(self) | {"token": TOKEN, "reader": READER} | more)


def write(folder: Path, places: Places, authority: trustme.CA) -> None:
    trust = folder / "roots.pem"
    authority.cert_pem.write_to_path(str(trust))
    enrolled = []
    for (name, country, asn), port in zip(AGENTS, places.agents, strict=True):
        own = {"id": name, "country": country, "asn": asn, "port": port, "trust": trust}
        (folder / f"{name}.yaml").write_text(
            places.fill(AGENT, **own).replace(TOKEN, TOKEN + name)
        )
        enrolled.append(
            f'  - {{vantage: {{id: {name}, country: {country}, asn: {asn}}}, token: {TOKEN}{name}, scrape: "127.0.0.1:{port}"}}'
        )
    (folder / "services.yaml").write_text(places.fill(SERVICES))
    (folder / "correlator.yaml").write_text(places.fill(CORRELATOR, agents="\n".join(enrolled)))
    (folder / "sd-token").write_text(READER)
    (folder / "prometheus.yml").write_text(places.fill(SCRAPING))
    (folder / "rules").mkdir()
    for path in RULE_FILES:
        (folder / "rules" / path.name).write_text(shortened(path.read_text()))
    shipped = (DEPLOY / "alertmanager/alertmanager.yml").read_text().partition("receivers:")[0]
    text = shortened(shipped).replace("templates/", f"{DEPLOY}/alertmanager/templates/")
    (folder / "alertmanager.yml").write_text(text + places.fill(RECEIVERS))


# ── the processes ────────────────────────────────────────────────────────────────────────────


def commands(folder: Path, places: Places) -> dict[str, list[str]]:
    ours = [sys.executable, "-m", "probe"]
    return {
        "correlator": [*ours, "correlator", str(folder / "correlator.yaml")],
        **{name: [*ours, "agent", str(folder / f"{name}.yaml")] for name, *_ in AGENTS},
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
            process.terminate()
            try:
                process.wait(10)
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

    def until(self, what: str, holds: Callable[[], object], seconds: float = 40) -> None:
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
            f"── {path.stem}\n{path.read_text()[-1500:]}" for path in self.folder.glob("*.log")
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
    """Start everything; give it once all that must answer do, and leave nothing running."""
    authority, servers = trustme.CA(), Servers()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with ExitStack() as exits:
        origin = exits.enter_context(serving(servers, tls))
        control, hook = (exits.enter_context(serving(servers)) for _ in range(2))
        centre, prometheus, alertmanager, *agents = free_ports(3 + len(AGENTS))
        places = Places(origin, control, hook, centre, prometheus, alertmanager, tuple(agents))
        write(folder, places, authority)
        processes = {
            name: exits.enter_context(running(name, command, folder))
            for name, command in commands(folder, places).items()
        }
        world = Installation(folder, places, servers, processes)
        for port, path in (
            (places.correlator, "/-/healthy"),
            (places.prometheus, "/-/ready"),
            (places.alertmanager, "/-/ready"),
        ):
            world.until(f"port {port} answers", lambda at=(port, path): answers(*at))  # type: ignore[misc]
        yield world
