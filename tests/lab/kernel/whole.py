"""A whole world in a sandbox, asked from one of its vantages; run as a script by test_world.py.

It prints one JSON object: what was asked → what came back.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.agenda import Change
from probe.lab.kernel.sandbox.namespace import enter_sandbox, spawn
from probe.lab.kernel.world import World
from probe.lab.scenario import Event, Form

VANTAGE = "us-as7922-1"


def client(bundle: str) -> None:
    """Run inside a vantage: print what it sees."""
    context = ssl.create_default_context(cafile=bundle)
    seen: dict[str, str] = {}
    for host in ("twitter.com", "one.home.us", "www.reach-one.net", "nobody.example"):
        try:
            addresses = [
                str(i[4][0]) for i in socket.getaddrinfo(host, 443, 0, socket.SOCK_STREAM)
            ]
            seen[f"{host} at"] = " ".join(sorted(addresses))
            with (
                socket.create_connection((host, 443), 5) as plain,
                context.wrap_socket(plain, server_hostname=host) as stream,
            ):
                stream.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                seen[host] = stream.recv(65536).decode().split("\r\n")[0]
        except OSError as error:
            seen[host] = type(error).__name__
    sys.stdout.write(json.dumps(seen))


def change(mechanism: str, *, begins: bool = True, **more: object) -> Change:
    event = Event(at=Seconds(0), mechanism=mechanism, **more)  # type: ignore[arg-type]
    return Change(at=0, key=mechanism, event=event, begins=begins)


def look(world: World, home: Path) -> dict[str, str]:
    argv = [sys.executable, __file__, "client", str(world.processes.bundle)]
    process = spawn(
        argv,
        world.wired.hosts[VANTAGE],
        resolv_conf=home / VANTAGE / "resolv.conf",
        stdout=PIPE,
    )
    seen: dict[str, str] = json.loads(process.communicate(timeout=40)[0])
    return seen


def main(home: Path) -> None:
    enter_sandbox()
    world = World(library.load("tr-2023-02-08"), home)
    outage = change("server.outage_global", services=("twitter",), form=Form.HTTP_5XX)
    broken = change("local.resolver_broken", vantages=(VANTAGE,))
    reset = change("tls.sni_rst", services=("twitter",), countries=("US",))
    sights = {"well": look(world, home)}
    for name, begun in (("outage", outage), ("broken", broken), ("reset", reset)):
        world.apply(begun)
        sights[name] = look(world, home)
        world.apply(Change(at=1, key=begun.key, event=begun.event, begins=False))
    world.stop()
    sys.stdout.write(json.dumps(sights))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        client(sys.argv[2]) if sys.argv[1] == "client" else main(Path(sys.argv[1]))
