"""A receiver of a lab's webhooks: over TLS, in the correlator's own network namespace, checking what it is sent.

As a script (`PROCESS PORT CERTIFICATE FILE`) it enters the namespaces of that process, listens on
its loopback, and writes what is posted to the file, one JSON value a line.
"""

from __future__ import annotations

import base64
import hmac
import os
import ssl
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import trustme

from probe.lab.kernel.sandbox import launcher
from probe.lab.kernel.sandbox.launcher import CLONE_NEWNET, CLONE_NEWUSER

PORT = 8444
KEY = b"what the receiver and the correlator share"
NAME = "newsroom"
SETTINGS = """
config_file: {folder}/web.yaml
webhooks:
  external_url: https://status.example
  max_backoff: 500ms
  receivers:
    - name: {name}
      kind: json
      url: https://127.0.0.1:{port}/told
      secret: whsec_{secret}
      trust: {folder}/hook-ca.pem
"""
PROTECTION = "http_server_config: {headers: {X-Content-Type-Options: nosniff}}\n"


class Post(msgspec.Struct, frozen=True):
    path: str
    headers: dict[str, str]
    body: bytes


class Data(msgspec.Struct, frozen=True):
    id: str
    service: str
    cause: str
    statement: str


class Letter(msgspec.Struct, frozen=True):
    """What a body says, as far as it is looked at."""

    type: str
    id: str
    url: str
    data: Data


def settings(folder: Path) -> Path:
    """Write what `probe lab run --settings` takes, with a certificate for the receiver."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "hook-ca.pem"))
    own = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    own.write_to_path(str(folder / "hook.pem"))
    (folder / "web.yaml").write_text(PROTECTION)
    secret = base64.b64encode(KEY).decode()
    path = folder / "settings.yaml"
    path.write_text(SETTINGS.format(folder=folder, name=NAME, port=PORT, secret=secret))
    return path


def command(folder: Path) -> list[str]:
    """Give how to receive beside the correlator of the lab that runs in the folder."""
    (config,) = (folder / "lab").glob("run-*/correlator.yaml")
    given = (process(config), PORT, folder / "hook.pem", folder / "posted.jsonl")
    return [sys.executable, "-m", "tests.deploy.webhook", *map(str, given)]


def process(config: Path) -> int:
    """Find the process that was started with this file."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if str(config).encode() in arguments:
            return int(folder.name)
    raise AssertionError(f"nothing runs with {config}")


def posted(folder: Path) -> list[Post]:
    path = folder / "posted.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else ()
    return [msgspec.json.decode(line, type=Post) for line in lines]


def genuine(post: Post) -> bool:
    """Check the signature as a receiver would, by Standard Webhooks and nothing of ours."""
    name, stamp = post.headers["webhook-id"], post.headers["webhook-timestamp"]
    digest = hmac.digest(KEY, f"{name}.{stamp}.".encode() + post.body, "sha256")
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    return hmac.compare_digest(wanted, post.headers["webhook-signature"])


# ── the script ───────────────────────────────────────────────────────────────────────────────


def enter(number: int) -> None:
    """Go where that process is; its user namespace, if it has one of its own, comes first."""
    kinds = {"user": CLONE_NEWUSER, "net": CLONE_NEWNET}
    held = {kind: os.open(f"/proc/{number}/ns/{kind}", os.O_RDONLY) for kind in kinds}
    for kind, fd in held.items():
        if os.fstat(fd).st_ino != Path(f"/proc/self/ns/{kind}").stat().st_ino:
            launcher.setns(fd, kinds[kind])
        os.close(fd)


def handler(file: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with file.open("ab") as out:
                out.write(msgspec.json.encode(Post(self.path, headers, body)) + b"\n")
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def main(number: str, port: str, certificate: str, file: str) -> None:
    enter(int(number))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", int(port)), handler(Path(file))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
