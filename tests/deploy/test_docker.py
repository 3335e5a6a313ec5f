"""The Dockerfile is clean to its linter, builds from what is there, and its health check tells."""

from __future__ import annotations

import http.server
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
import trustme

from tests.deploy.filled import CATALOGUE, DEPLOY, ROOT

DOCKERFILE = DEPLOY / "docker/Dockerfile"
HEALTHY = DEPLOY / "docker/healthy.py"
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
    "hadolint"
)
needs_hadolint = pytest.mark.skipif(not HADOLINT, reason="hadolint has no wheel here")


def lint(text: str) -> subprocess.CompletedProcess[str]:
    command = [str(HADOLINT), "--failure-threshold", "style", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603


@needs_hadolint
def test_the_linter_has_no_complaint() -> None:
    answer = lint(DOCKERFILE.read_text())
    assert (answer.returncode, answer.stdout) == (0, "")


@needs_hadolint
def test_the_linter_would_find_an_unpinned_base() -> None:
    assert (
        "DL3007"
        in lint(re.sub(r"python:\$\{PYTHON\}", "python:latest", DOCKERFILE.read_text())).stdout
    )


def instructions(word: str) -> list[str]:
    joined = DOCKERFILE.read_text().replace("\\\n", " ")
    return [line.split(None, 1)[1] for line in joined.splitlines() if line.startswith(f"{word} ")]


def test_all_that_is_copied_is_there_and_reaches_the_build() -> None:
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]
    }
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(name == held or name.startswith(f"{held}/") for held in kept), name


def test_it_runs_as_a_number_that_is_not_root() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user)


def test_the_catalogue_is_where_the_configurations_look_for_it() -> None:
    assert f"configs/services.yaml {CATALOGUE}" in instructions("COPY")


# ── the health check ─────────────────────────────────────────────────────────────────────────


@contextmanager
def answering(status: HTTPStatus, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve one status on loopback, for as long as the block lasts; gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def asked(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HEALTHY), url]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HTTPStatus.OK, 0),
        (HTTPStatus.UNAUTHORIZED, 0),
        (HTTPStatus.FORBIDDEN, 0),
        (HTTPStatus.SERVICE_UNAVAILABLE, 1),
        (HTTPStatus.NOT_FOUND, 1),
    ],
)
def test_it_is_healthy_where_the_daemon_says_so(status: HTTPStatus, code: int) -> None:
    with answering(status) as port:
        assert asked(f"http://127.0.0.1:{port}/-/healthy").returncode == code


def test_a_certificate_for_another_name_does_not_matter_on_loopback() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("correlator").configure_cert(tls)
    with answering(HTTPStatus.OK, tls) as port:
        assert asked(f"https://127.0.0.1:{port}/-/healthy").returncode == 0


def test_nobody_there_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert asked(f"http://127.0.0.1:{port}/-/healthy").returncode == 1


@pytest.mark.parametrize("url", ["", "http://192.0.2.1:80/", "file:///etc/passwd"])
def test_it_asks_this_container_alone(url: str) -> None:
    assert asked(url).stderr.startswith("usage: ")
