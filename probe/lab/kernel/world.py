"""One lab, whole: namespaces, internet, servers, agents and correlator; what a change does to it."""

from __future__ import annotations

from pathlib import Path

from probe.lab.agenda import (
    AGENT_KILLED,
    CORRELATOR_KILLED,
    HOSTS,
    RESOLVER_BROKEN,
    Change,
)
from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.hosts.servers import MECHANISMS, Servers
from probe.lab.kernel.internet import process as internet
from probe.lab.kernel.internet.interference import known
from probe.lab.kernel.layout import plan
from probe.lab.kernel.processes import Processes
from probe.lab.kernel.sandbox.wiring import wire
from probe.lab.scenario import Form, Scenario

WORDLESS = (Form.UNREACHABLE, Form.NO_NAME)
"""Forms of an outage that the internet plays: no origin is asked."""


def playable() -> tuple[str, ...]:
    """Every mechanism that a timeline of the kernel lab may name."""
    return tuple(sorted({*known(), *MECHANISMS, *HOSTS}))


class World:
    """Made on the main thread, in the sandbox, before any event loop runs."""

    def __init__(self, scenario: Scenario, home: Path, seed: int = 0) -> None:
        self.scenario = scenario
        laid_out = plan(scenario)
        authority = Authority(_folder(home / "certificates"))
        self.wired = wire(laid_out)
        self.internet = internet.start(laid_out, self.wired, seed=seed, log=home / "internet.log")
        self.servers = Servers(scenario, laid_out, self.wired, authority, home)
        self.processes = Processes(scenario, laid_out, self.wired, authority, home)
        self.processes.start_reference()
        self.spooled: set[str] = set()
        """Ids that lay in some spool when something was killed."""

    def apply(self, change: Change) -> None:
        """Let an event begin or end, whoever plays it."""
        event, mechanism = change.event, change.event.mechanism
        if mechanism in MECHANISMS and event.form not in WORDLESS:
            self.servers.fault(change.key, event, begins=change.begins)
        elif mechanism == RESOLVER_BROKEN:
            self.servers.break_resolver(change.key, event, begins=change.begins)
        elif mechanism == AGENT_KILLED:
            for name in event.vantages:
                self._agent(name, killed=change.begins)
        elif mechanism == CORRELATOR_KILLED:
            self._correlator(killed=change.begins)
        else:
            self._interfere(change)

    def _interfere(self, change: Change) -> None:
        event = self.servers.spelt(change.event)
        if change.begins:
            self.internet.apply(change.key, event)
        else:
            self.internet.lift(change.key)
        if event.mechanism in MECHANISMS and event.form is Form.NO_NAME:
            self.servers.unhear(change.key, event, begins=change.begins)

    def stop(self) -> None:
        self.processes.stop()
        self.servers.stop()
        self.internet.stop()
        self.wired.close()

    def _agent(self, name: str, *, killed: bool) -> None:
        if not killed:
            self.processes.start_agent(name)
            return
        self.processes.kill(name)
        self.spooled |= self.processes.spooled(name)

    def _correlator(self, *, killed: bool) -> None:
        if killed:
            self.processes.kill("correlator")
            return
        for name in self.processes.vantages:
            self.spooled |= self.processes.spooled(name)
        self.processes.start_correlator()


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700)
    return path
