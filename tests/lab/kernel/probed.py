"""A lab with one endpoint for each way of failing, asked from two vantages by two programs; run as a script.

In the network namespaces of both vantages Debian's blackbox_exporter and our agent answer /probe.
`HOME EXPORTER` → one JSON object: vantage → program → endpoint → what was answered.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from probe.config.shape import Seconds
from probe.lab.agenda import Change
from probe.lab.kernel.processes import environment
from probe.lab.kernel.sandbox.namespace import Namespace, enter_sandbox, inside, spawn
from probe.lab.kernel.world import World
from probe.lab.scenario import Event, Form, LabNetwork, Scenario
from probe.model import Endpoint, Feature, Service

TEXT = "this page is well"
HERE, THERE = "tr-as47331-1", "de-as3320-1"
INTERFERENCE = {
    "reset": "tls.sni_rst",
    "stalled": "tls.sni_drop",
    "null": "ip.nullroute",
    "refused": "tcp.rst_on_syn",
    "gone": "dns.nxdomain",
    "noticed": "dns.injection.blockpage_ip",
    "read": "tls.mitm_cert",
    "forbidden": "http.403_injected",
    "legal": "http.451",
    "replaced": "http.blockpage_200",
    "sent": "http.redirect_302",
    "cut": "http.host_rst",
}
"""Played in one of the two countries, by the endpoint it hits."""
FAULTS: dict[str, dict[str, object]] = {
    "down": {"mechanism": "server.outage_global"},
    "rejecting": {"mechanism": "server.outage_global", "form": Form.REJECTION},
    "wrong": {"mechanism": "server.outage_global", "form": Form.APP_ERROR},
    "silent": {"mechanism": "server.outage_global", "form": Form.SILENCE},
    "geo": {"mechanism": "server.geoblock_page", "countries": ("TR",)},
}
"""Played by the servers themselves."""
NAMES = ("well", "plain", *INTERFERENCE, *FAULTS)
PLAIN = {"plain", *(name for name, by in INTERFERENCE.items() if by.startswith("http."))}
AGENT, EXPORTER = 9464, 9115
PATIENCE_SECONDS = 3.0
"""What answers at all does so in a tenth of it, also on a machine that has other work."""
ROUND_SECONDS = 8.0
AT_ONCE = 6
"""Fewer than an agent allows."""
BLACKBOX = """
modules:
  http_2xx:
    prober: http
    timeout: 20s
    http:
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {ca}}}
      fail_if_body_not_matches_regexp: ["{text}"]
"""

Values = dict[str, float]


def url(name: str) -> str:
    return f"{'http' if name in PLAIN else 'https'}://www.{name}.com/"


def scenario() -> Scenario:
    services = [
        Service(id=name, name=name, features=(Feature(id="web", name="", endpoints=(one,)),))
        for name in NAMES
        for one in (Endpoint(id=name, url=url(name), expect=TEXT),)
    ]
    networks = (
        LabNetwork(country="TR", asn=47331, name="TTNet"),
        LabNetwork(country="DE", asn=3320, name="Telekom"),
    )
    return Scenario(
        name="probed", title="", kernel_round=Seconds(ROUND_SECONDS), length=Seconds(60),
        services=tuple(services), networks=networks,
    )  # fmt: skip


def happen(world: World) -> None:
    events: dict[str, dict[str, object]] = {
        name: {"mechanism": mechanism, "countries": ("TR",)}
        for name, mechanism in INTERFERENCE.items()
    }
    for name, told in (events | FAULTS).items():
        event = Event(at=Seconds(0), services=(name,), **told)  # type: ignore[arg-type]
        world.apply(Change(at=0, key=name, event=event, begins=True))


def start(world: World, home: Path, exporter: str) -> list[subprocess.Popen[bytes]]:
    """Start both programs at both vantages, each listening on its own loopback."""
    config = home / "blackbox.yml"
    config.write_text(BLACKBOX.format(ca=world.processes.bundle, text=TEXT))
    argv = [exporter, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{EXPORTER}"]
    listening, started = dict[str, socket.socket](), list[subprocess.Popen[bytes]]()
    for name in (HERE, THERE):
        place = world.wired.hosts[name]
        with inside(place):
            listening[name] = socket.create_server(("127.0.0.1", AGENT))
        with (home / f"{name}-exporter.log").open("wb") as log:
            resolver = home / name / "resolv.conf"
            started.append(spawn(argv, place, resolv_conf=resolver, env=environment(), stderr=log))
    world.processes.expose({name: held.fileno() for name, held in listening.items()})
    for name, held in listening.items():
        world.processes.start_agent(name)
        held.close()
    return started


def got(place: Namespace, port: int, path: str) -> str:
    with inside(place):
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(PATIENCE_SECONDS)}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            return bytes(answer.read()).decode()


def ready(place: Namespace, port: int) -> bool:
    try:
        got(place, port, "/-/healthy")
    except OSError:
        return False
    return True


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "a program does not answer"
        time.sleep(0.05)


def probed(place: Namespace, port: int, name: str) -> Values:
    asked = urllib.parse.urlencode({"target": url(name), "module": "http_2xx"})
    text = got(place, port, f"/probe?{asked}")
    families = text_string_to_metric_families(text)
    return {s.name: s.value for family in families for s in family.samples if not s.labels}


def well(place: Namespace, port: int) -> bool:
    """Say whether the program is there, and has the way to the origins warm."""
    return ready(place, port) and probed(place, port, "well")["probe_success"] == 1


def look(world: World) -> dict[str, dict[str, dict[str, Values]]]:
    programs = {"debian": EXPORTER, "ours": AGENT}
    asking = {
        (vantage, program): partial(probed, world.wired.hosts[vantage], port)
        for vantage in (HERE, THERE)
        for program, port in programs.items()
    }
    for vantage, program in asking:
        until(partial(well, world.wired.hosts[vantage], programs[program]))
    seen: dict[str, dict[str, dict[str, Values]]] = {HERE: {}, THERE: {}}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = {key: threads.map(ask, NAMES) for key, ask in asking.items()}
        for (vantage, program), answers in started.items():
            seen[vantage][program] = dict(zip(NAMES, answers, strict=True))
    return seen


def main(home: Path, exporter: str) -> None:
    enter_sandbox()
    world = World(scenario(), home)
    happen(world)
    started = start(world, home, exporter)
    try:
        seen = look(world)
    finally:
        for process in started:
            process.terminate()
            process.wait()
        world.stop()
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
