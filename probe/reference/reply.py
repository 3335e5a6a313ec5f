"""What a request is answered with: so many bytes, or where it came from. Pure; it keeps nothing."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from ipaddress import ip_address, ip_network

import msgspec

LONGEST_HEAD = 8192
LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,200}) HTTP/1\.[01]")
WHENCE = "/whoami"
BYTES = re.compile(r"/bytes/([0-9]{1,12})")
PLACE = {4: 24, 6: 48}
"""How much of an address is its network's, as far as anybody can tell from outside."""
GREETING = (
    "A reference server of worksforwhom: agents that measure reachability hold their tests "
    "against it.\n/bytes/N sends N bytes; /whoami says where you come from. It keeps neither.\n"
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: HTTPStatus = HTTPStatus.OK
    kind: str = "text/plain; charset=utf-8"
    text: str = ""
    filler: int = 0
    """Bytes of noise in the place of a text."""
    silent: bool = False
    """The head alone (HEAD)."""

    @property
    def length(self) -> int:
        return self.filler or len(self.text.encode())

    @property
    def sent(self) -> int:
        """Bytes of the body that go out."""
        return 0 if self.silent else self.length


def reply(head: bytes, caller: str, most: int, names: tuple[str, ...]) -> Reply:
    """Answer a request's head, whatever it is; `most` bytes at most."""
    first, *rest = head.split(b"\r\n")
    line = LINE.fullmatch(first)
    if line is None:
        return _refused(HTTPStatus.BAD_REQUEST)
    method, path = line[1].decode(), line[2].decode().partition("?")[0]
    if method not in {"GET", "HEAD"}:
        return _refused(HTTPStatus.METHOD_NOT_ALLOWED)
    if path != WHENCE and not served(_host(rest), names):  # an agent asks that by address
        return _refused(HTTPStatus.MISDIRECTED_REQUEST)
    found = _found(path, caller, most)
    return msgspec.structs.replace(found, silent=True) if method == "HEAD" else found


def served(name: str, names: tuple[str, ...]) -> bool:
    """Tell whether a name is one of those, or below one; without any, all are."""
    own = name.lower().rstrip(".")
    return not names or any(own == one or own.endswith(f".{one}") for one in names)


def head(answer: Reply) -> bytes:
    """Write the head that goes before the body."""
    lines = (
        f"HTTP/1.1 {answer.status} {answer.status.phrase}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {answer.length}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _found(path: str, caller: str, most: int) -> Reply:
    if path == "/":
        return Reply(text=GREETING)
    if path == WHENCE:
        return Reply(kind="application/json", text=_whence(caller))
    asked = BYTES.fullmatch(path)
    if asked is None:
        return _refused(HTTPStatus.NOT_FOUND)
    if int(asked[1]) > most:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {most} bytes\n")
    return Reply(kind="application/octet-stream", filler=int(asked[1]))


def _whence(caller: str) -> str:
    plain = ip_address(caller.partition("%")[0])
    mapped = plain.ipv4_mapped if plain.version == 6 else None  # noqa: PLR2004 — IP's version
    address = mapped or plain
    network = ip_network((address, PLACE[address.version]), strict=False)
    return json.dumps({"address": str(address), "network": str(network)}) + "\n"


def _host(lines: list[bytes]) -> str:
    named = (line.partition(b":") for line in lines)
    value = next((v for name, _, v in named if name.strip().lower() == b"host"), b"")
    return value.strip().decode("latin-1").partition(":")[0]


def _refused(status: HTTPStatus, text: str = "") -> Reply:
    return Reply(status=status, text=text or f"{status.phrase.lower()}\n")
