"""The lab's real agents and its real correlator: their files, their start, their death, their spools."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from tempfile import TemporaryDirectory

import msgspec
import yaml

import probe
from probe.config import load
from probe.config.shape import (
    AgentConfig,
    CorrelatorConfig,
    EnrolledAgent,
    Judging,
    Listening,
    Measuring,
    ReferenceConfig,
    ReferenceLimits,
    Referring,
    Schedule,
    Seconds,
    Secret,
    Section,
    Size,
    Spooling,
    Storing,
    Tls,
    Uplinking,
    Webhooks,
)
from probe.lab import line
from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.layout import CORRELATOR, doors
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.kernel.sandbox.namespace import inside, spawn
from probe.lab.kernel.sandbox.nursery import Born, Nursery
from probe.lab.kernel.sandbox.wiring import Wired
from probe.lab.scenario import Scenario
from probe.lab.world import NEUTRAL_NAME, catalogue
from probe.model import Measurement
from probe.transport.spool import Spool

CENTRE = "correlator"
"""The name of its host, its process and its log."""
PORT = 8443
BASE = f"https://{CORRELATOR}:{PORT}"
FLUSH_SECONDS = 0.5
JUDGE_EVERY_SECONDS = 1
GRACE_SECONDS = 3
START_SECONDS = 20
NICENESS = 5
MOST_SPOOLED = 100_000
SPOOL_BYTES = 64 * 1024 * 1024
STEP_SHARE = 0.24
"""Of a round: a step that waits in vain must not eat the next one's time."""
HTTP_SHARE = 0.3
RESIDUAL_ROUNDS = 3
"""How long our own server is left alone after a cut: 180 s where a round has 60."""
REFERENCE_LIMITS = ReferenceLimits(
    per_address=256, per_minute=100_000, bytes_per_minute=Size(1024 * 1024 * 1024)
)
"""Agents of a lab are in a hurry, and no strangers."""


NOBODY = Host(name="", role=Role.REFERENCE, v4="")
"""Where a plan has no reference server."""


class Settings(Section, frozen=True, kw_only=True):
    """What a run is tried out with beside its scenario. Its paths are absolute."""

    webhooks: Webhooks = Webhooks()
    """Whom the correlator tells; it reaches only what listens in its own network namespace."""
    config_file: str = ""
    """The web.config_file of every listener that is exposed."""


class Processes:
    """Files and processes of one run, under one directory. Used from the main thread only."""

    def __init__(
        self, scenario: Scenario, plan: Plan, wired: Wired, authority: Authority, home: Path
    ) -> None:
        self._scenario = scenario
        self._wired = wired
        self._home = home
        self._hosts = {host.name: host for host in plan.hosts if host.role is Role.VANTAGE}
        self._reference = next((h for h in plan.hosts if h.role is Role.REFERENCE), NOBODY)
        self._running: dict[str, Popen[bytes] | Born] = {}
        self._nursery: Nursery | None = None
        self._pages = -1
        self._metrics: Mapping[str, int] = {}
        self.bundle = authority.bundle
        self.store = home / "correlator.sqlite"
        write(home / "services.yaml", catalogue(scenario))
        self._config = self._centre(str(authority.issue(CORRELATOR)))
        for host in self._hosts.values():
            self._furnish(host, plan)

    def expose(self, metrics: Mapping[str, int], settings: Settings | None = None) -> None:
        """Have /metrics served on listening sockets of the host, given by the process's name.

        Before any of them starts, as are the settings.
        """
        settings = settings or Settings()
        self._metrics = metrics
        listening = {
            name: Listening(listen=f"fd:{number}", config_file=settings.config_file)
            for name, number in metrics.items()
        }
        for name in self._hosts.keys() & listening.keys():
            path = self._home / name / "agent.yaml"
            write(path, msgspec.structs.replace(load.agent(path), web=listening[name]))
        centre = listening.get(CENTRE, Listening())
        self._config = msgspec.structs.replace(
            self._config, metrics=centre, webhooks=settings.webhooks
        )

    @property
    def vantages(self) -> tuple[str, ...]:
        return tuple(self._hosts)

    def start_correlator(self, pages: int | None = None) -> None:
        """Start, or start again; `pages` is a listening socket for the pages alone."""
        self._pages = self._pages if pages is None else pages
        where = f"fd:{self._pages}" if self._pages >= 0 else ""
        served = msgspec.structs.replace(self._config, pages=Listening(listen=where))
        write(self._home / "correlator.yaml", served)
        self._start(CENTRE, ("correlator", str(self._home / "correlator.yaml")))

    def start_reference(self) -> None:
        """Start the server of ours, over sockets that listen already: nobody comes too early."""
        host = self._reference
        with inside(self._wired.hosts[host.name]):
            sockets = [socket.create_server((host.v4, port), backlog=256) for port in (443, 80)]
        secure, plain = (f"fd:{own.fileno()}" for own in sockets)
        config = ReferenceConfig(
            secure=(secure,), plain=(plain,), limits=REFERENCE_LIMITS, metrics=Listening()
        )
        path = self._home / "reference.yaml"
        write(path, config)
        handed = [own.fileno() for own in sockets]
        self._start(host.name, ("reference", str(path)), handed)
        for own in sockets:
            own.close()
        self._await(host)

    def _await(self, host: Host) -> None:
        """Wait for its first answer: while it starts, it takes time that others measure."""
        with inside(self._wired.hosts[host.name]):
            asking = socket.create_connection((host.v4, 80), START_SECONDS)
        with asking:
            asking.sendall(b"GET / HTTP/1.1\r\n\r\n")
            asking.recv(1)

    def nursery(self) -> Nursery:
        """Hold what agents are forked from; asked for early, it gets ready while others work."""
        if self._nursery is None:
            place = self._wired.hosts[CENTRE]
            self._nursery = Nursery(place, environment(), self._home / "nursery.log")
        return self._nursery

    def start_agent(self, name: str) -> None:
        config, place = self._home / name / "agent.yaml", self._wired.hosts[name]
        with (self._home / f"{name}.log").open("ab") as log:
            handed = [self._metrics[name]] if name in self._metrics else []
            self._running[name] = self.nursery().bear(config, place, handed, log)
        self._give_way(name)

    def starting(self) -> int:
        """Count the agents that run but do not measure yet: they have no spool."""
        return sum(
            name in self._running and not (self._home / name / "spool.sqlite").exists()
            for name in self._hosts
        )

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self._running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def fallen(self) -> tuple[str, ...]:
        """Processes that ended though nobody ended them."""
        return tuple(name for name, process in self._running.items() if process.poll() is not None)

    def spooled(self, name: str) -> set[str]:
        """Ids of the measurements that lie in an agent's spool, read from a copy: it is locked."""
        with TemporaryDirectory(dir=self._home) as folder:
            for path in (self._home / name).glob("spool.sqlite*"):
                shutil.copy(path, folder)
            with closing(Spool(Path(folder) / "spool.sqlite", SPOOL_BYTES)) as spool:
                rows = spool.peek(MOST_SPOOLED)
                return {msgspec.json.decode(row, type=Measurement).id for _, row in rows}

    def stop(self) -> None:
        """Ask all of them to end, and end those that do not: one that keeps us waiting ends it for all."""
        for process in self._running.values():
            process.terminate()
        with suppress(TimeoutExpired):
            for process in self._running.values():
                process.wait(GRACE_SECONDS)
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()
        if self._nursery is not None:
            self._nursery.stop()

    def _start(self, name: str, arguments: Sequence[str], handed: Sequence[int] = ()) -> None:
        own = (self._pages if name == CENTRE else -1, self._metrics.get(name, -1))
        sockets = (*handed, *own)
        with (self._home / f"{name}.log").open("ab") as log:
            self._running[name] = spawn(
                [sys.executable, "-m", "probe", *arguments],
                self._wired.hosts[name],
                pass_fds=[number for number in sockets if number >= 0],
                env=environment(),
                stdout=log.fileno(),
                stderr=log.fileno(),
            )
        self._give_way(name)

    def _give_way(self, name: str) -> None:
        """The internet between them comes first: its lateness would be measured as the network's."""
        os.setpriority(os.PRIO_PROCESS, self._running[name].pid, NICENESS)

    def _furnish(self, host: Host, plan: Plan) -> None:
        own = self._home / host.name
        own.mkdir()
        resolver = plan.resolvers[host.asn]
        text = f"nameserver {resolver}\noptions timeout:1 attempts:1\n"
        (own / "resolv.conf").write_text(text, encoding="ascii")
        write(own / "agent.yaml", self._agent(host, plan))

    def _agent(self, host: Host, plan: Plan) -> AgentConfig:
        if host.vantage is None:
            raise ValueError(f"{host.name} is no vantage")
        return AgentConfig(
            vantage=host.vantage,
            services=str(self._home / "services.yaml"),
            schedule=Schedule(interval=self._scenario.kernel_round),
            measuring=self._measuring(host, plan),
            spool=Spooling(path="spool.sqlite"),
            uplink=Uplinking(
                url=BASE,
                token=_token(host.name),
                trust=str(self.bundle),
                flush=Seconds(FLUSH_SECONDS),
                max_backoff=Seconds(self._scenario.kernel_round / 2),
            ),
            web=Listening(),
        )

    def _measuring(self, host: Host, plan: Plan) -> Measuring:
        interval, encrypted = self._scenario.kernel_round, bool(self._scenario.encrypted_dns)
        quic = bool(self._scenario.quic)
        return Measuring(
            dns_timeout=Seconds(STEP_SHARE * interval),
            connect_timeout=Seconds(STEP_SHARE * interval),
            tls_timeout=Seconds(STEP_SHARE * interval),
            http_timeout=Seconds(HTTP_SHARE * interval),
            late_answers=Seconds(0.2),
            second_resolver=doors(plan) if encrypted else plan.public_resolver,
            background=1.0 if encrypted or quic else Measuring().background,
            neutral_name=NEUTRAL_NAME,
            reference=Referring(address=plan.reference) if plan.reference else None,
            quic=quic,
            residual=Seconds(RESIDUAL_ROUNDS * interval),
            tests_per_minute=100_000,
            trust=str(self.bundle),
            ipv6=bool(host.v6),
        )

    def _centre(self, certificate: str) -> CorrelatorConfig:
        return CorrelatorConfig(
            agents=tuple(
                EnrolledAgent(vantage=host.vantage, token=_token(host.name))
                for host in self._hosts.values()
                if host.vantage is not None
            ),
            services=str(self._home / "services.yaml"),
            web=Listening(listen=f"{CORRELATOR}:{PORT}"),
            tls=Tls(certificate=certificate, key=certificate),
            store=Storing(path=str(self.store)),
            judging=Judging(round=self._scenario.kernel_round, every=Seconds(JUDGE_EVERY_SECONDS)),
        )


def write(path: Path, config: msgspec.Struct) -> None:
    plain = msgspec.to_builtins(config, enc_hook=line.plain, str_keys=True)
    path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")
    path.chmod(0o600)


def _token(name: str) -> Secret:
    """Long enough to be accepted; a lab has no one to keep it from."""
    return Secret(f"lab-token-of-{name}".ljust(40, "0"))


def environment() -> dict[str, str]:
    """Find this very package from any directory, and no proxy of the host's."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    path = [str(Path(probe.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUNBUFFERED": "1"}
