"""A password is compared once, off the loop; nobody learns who is a user from the time it takes."""

import asyncio
import base64
import builtins
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.load import ConfigError
from probe.transport.passwords import (
    MOST_WAITING,
    REMEMBERED,
    BusyError,
    Passwords,
    bcrypt,
    credentials,
)

FAKEPASSWORD = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""Of `fakepassword`, as in upstream's handler."""
HASH = f"$2b$04${'x' * 53}"
DEADLINE_SECONDS = 10


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Comparing:
    """Compares in bcrypt's place: a password is right when it is `right`."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.gate.wait(DEADLINE_SECONDS)
        self.asked.append((password, hashed))
        self.threads.add(threading.get_ident())
        return password == b"right" and hashed == HASH.encode()


def passwords(comparing: Comparing, users: Mapping[str, str] | None = None) -> Passwords:
    return Passwords(users or {"alice": HASH}, lambda: comparing)


async def test_bcrypt_s_own_hashes_are_read() -> None:
    """$2y$ is htpasswd's, as in upstream's examples; what follows 72 bytes does not count."""
    known = Passwords({"alice": FAKEPASSWORD})
    assert await known.right(basic("alice", "fakepassword"))
    assert not await known.right(basic("alice", "Fakepassword"))
    assert not await known.right(basic("alice", "f" * 100))
    assert not await known.right(basic("alice", "fake\0password"))


async def test_an_answer_is_computed_once_and_never_on_the_loop() -> None:
    comparing = Comparing()
    known = passwords(comparing)
    for _ in range(3):
        assert await known.right(basic("alice", "right"))
        assert not await known.right(basic("alice", "wrong"))
    assert [password for password, _ in comparing.asked] == [b"right", b"wrong"]
    assert threading.get_ident() not in comparing.threads


async def test_an_unknown_user_costs_what_a_known_one_does() -> None:
    comparing = Comparing()
    dear = f"$2b$12${'y' * 53}"
    known = passwords(comparing, {"alice": HASH, "bob": dear})
    assert not await known.right(basic("mallory", "right"))
    ((_, hashed),) = comparing.asked
    assert hashed[:7] == b"$2b$12$"
    assert bcrypt()(b"any", b"$2b$04$" + b"." * 53) is False


async def test_the_right_password_of_another_user_is_wrong() -> None:
    known = passwords(Comparing(), {"alice": HASH, "bob": f"$2b$04${'z' * 53}"})
    assert await known.right(basic("alice", "right"))
    assert not await known.right(basic("bob", "right"))
    assert not await known.right(basic("alice:right", ""))


async def test_guesses_do_not_push_a_right_password_out() -> None:
    comparing = Comparing()
    known = passwords(comparing)
    assert await known.right(basic("alice", "right"))
    for number in range(REMEMBERED + 1):
        assert not await known.right(basic("alice", str(number)))
    before = len(comparing.asked)
    assert await known.right(basic("alice", "right"))
    assert len(comparing.asked) == before
    assert not await known.right(basic("alice", "0"))
    assert len(comparing.asked) == before + 1


async def test_a_flood_of_guesses_is_turned_away_not_queued() -> None:
    comparing = Comparing()
    comparing.gate.clear()
    known = passwords(comparing)
    answers: list[bool | None] = []

    async def guess(number: int) -> None:
        try:
            answers.append(await known.right(basic("alice", str(number))))
        except BusyError:
            answers.append(None)
        if answers.count(None) == 200 - MOST_WAITING:
            comparing.gate.set()

    async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(guess(number))
    assert answers.count(None) == 200 - MOST_WAITING
    assert answers.count(False) == MOST_WAITING


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !", "Bearer YTpi", "Basic YQ==", "Basic /w==", "Basic YTpi YTpi"],
)
async def test_what_are_no_credentials_are_wrong_without_a_comparison(header: str) -> None:
    comparing = Comparing()
    assert not await passwords(comparing).right(header)
    assert comparing.asked == []


@given(st.text().filter(lambda text: ":" not in text), st.text())
def test_credentials_come_out_as_they_went_in(user: str, password: str) -> None:
    assert credentials(basic(user, password)) == (user, password.encode())


@given(st.text())
def test_any_header_is_read_or_refused(header: str) -> None:
    user, password = credentials(header)
    assert user is not None or password == b""


def test_a_missing_library_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        names: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        if name == "bcrypt":
            raise ImportError(name)
        return real(name, globals_, locals_, names, level)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match="the package bcrypt is missing; install it"):
        Passwords({"alice": HASH})


def test_an_agent_without_users_never_loads_it() -> None:
    code = "import sys, probe.agent.root; sys.exit('bcrypt' in sys.modules)"
    root = str(Path(__file__).parents[2])
    found = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)  # noqa: S603 — our own words
    assert found.returncode == 0
