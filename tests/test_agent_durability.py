"""Kill -9 of the agent and of its intake, again and again: nothing lost, nothing counted twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import msgspec

from probe.model import Measurement
from probe.transport.spool import Spool

ROUNDS = 4
TOKEN = "t" * 40
AGENT = """
vantage: {{id: de-1, country: DE, asn: 3320}}
schedule: {{interval: 200ms, jitter: 0.1}}
measuring: {{allow_private: [127.0.0.0/8], second_resolver: "", neutral_name: ""}}
uplink:
  url: http://127.0.0.1:{intake}
  token: {token}
  flush: 50ms
  max_backoff: 100ms
web: {{listen: ""}}
"""
SERVICES = """
services:
  - id: here
    name: Here
    features:
      - id: web
        name: Web
        endpoints:
{endpoints}
controls:
  - {{reach: foreign, endpoint: {{id: there, url: "http://127.0.0.1:{origin}/control"}}}}
"""


class Origin(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 — the base class's name
        pass


INTAKE = '''
import gzip, json, os, random, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Intake(BaseHTTPRequestHandler):
    """Writes down what it takes, and at one request of five forgets to answer."""
    def do_POST(self):
        body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
        with open(sys.argv[2], "ab") as file:
            file.write(body)
        if random.random() < 0.2:
            return
        count = body.count(b"\\n")
        answer = json.dumps({"accepted": count, "duplicate": 0, "refused": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Intake).serve_forever()
'''


@contextmanager
def serving() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Origin) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Child:
    """A process that is killed and started again."""

    def __init__(self, *arguments: str) -> None:
        root = str(Path(__file__).parents[1])
        self.environment = {**os.environ, "PYTHONPATH": root}
        self.command = [sys.executable, *arguments]
        self.process = self.started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 — our own program
            self.command, env=self.environment, stderr=subprocess.PIPE
        )

    def ended(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        assert b"Traceback" not in said, said.decode()
        return self.process.returncode


def taken(path: Path) -> list[str]:
    return [measurement.id for measurement in received(path)]


def received(path: Path) -> list[Measurement]:
    """Read what the intake wrote down; a line torn by its death was never answered."""
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with suppress(msgspec.DecodeError):
            found.append(msgspec.json.decode(line, type=Measurement))
    return found


def until(enough: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not enough():
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.02)


def spooled(path: Path) -> set[str]:
    with closing(Spool(path, 1 << 28)) as spool:
        rows = spool.peek(1_000_000)
    assert spool.corrupt == 0
    return {msgspec.json.decode(line, type=Measurement).id for _, line in rows}


def free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), Origin) as server:
        return server.server_port


def written(folder: Path, origin: int, intake: int) -> Path:
    endpoints = "\n".join(
        f'          - {{id: e{n}, url: "http://127.0.0.1:{origin}/{n}"}}' for n in range(10)
    )
    config = folder / "agent.yaml"
    config.write_text(AGENT.format(intake=intake, token=TOKEN))
    (folder / "services.yaml").write_text(SERVICES.format(endpoints=endpoints, origin=origin))
    return config


def test_kill_9_of_agent_and_intake_loses_nothing_that_was_spooled(tmp_path: Path) -> None:
    chance = random.Random(8)  # noqa: S311 — repeatable moments of death
    log, spool, port = tmp_path / "taken", tmp_path / "spool.sqlite", free_port()
    (tmp_path / "intake.py").write_text(INTAKE)
    with (
        serving() as origin,
        Child(str(tmp_path / "intake.py"), str(port), str(log)) as intake,
        Child("-m", "probe", "agent", str(written(tmp_path, origin, port))) as agent,
    ):
        waited: set[str] = set()
        for number in range(ROUNDS):
            before = len(taken(log))
            until(lambda before=before: len(taken(log)) > before + 5)  # type: ignore[misc]
            if number % 2:
                assert intake.ended(signal.SIGKILL) == -signal.SIGKILL
                time.sleep(chance.uniform(0.3, 0.8))
            time.sleep(chance.uniform(0, 0.3))
            assert agent.ended(signal.SIGKILL) == -signal.SIGKILL
            waited |= spooled(spool)
            if number % 2:
                intake.process = intake.started()
            agent.process = agent.started()
        until(lambda: waited <= set(taken(log)))
        assert agent.ended(signal.SIGTERM) == 0
        intake.ended(signal.SIGKILL)
    assert waited
    assert waited <= set(taken(log)) | spooled(spool)


def test_once_told_apart_by_id_nothing_counts_twice(tmp_path: Path) -> None:
    """What was sent again after an answer that never came is one measurement in the store."""
    from probe.store import Store  # noqa: PLC0415

    log, port = tmp_path / "taken", free_port()
    (tmp_path / "intake.py").write_text(INTAKE.replace("0.2", "0.5"))
    with (
        serving() as origin,
        Child(str(tmp_path / "intake.py"), str(port), str(log)) as intake,
        Child("-m", "probe", "agent", str(written(tmp_path, origin, port))) as agent,
    ):
        until(lambda: len(taken(log)) > len(set(taken(log))) + 20)
        agent.ended(signal.SIGTERM)
        intake.ended(signal.SIGKILL)
    came = received(log)
    with closing(Store(str(tmp_path / "store"))) as store:
        new = sum(store.append([m], came[0].at) for m in came)
    assert new == len({m.id for m in came}) < len(came)
