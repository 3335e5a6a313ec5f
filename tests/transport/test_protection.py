"""A listener's file is taken up when it changes; what is not good is said once and kept out."""

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.transport import protection
from probe.transport.protection import Protection

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HASH = f"$2b$04${'x' * 53}"
TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"


class Folder:
    """A web.config_file, its certificate, and a file system whose clock always moves on."""

    def __init__(self, path: Path) -> None:
        self.path, self.written = path, 0
        self.web = path / "web.yaml"

    def write(self, name: str, data: bytes) -> None:
        self.written += 1
        (self.path / name).write_bytes(data)
        os.utime(self.path / name, (self.written, self.written))

    def say(self, text: str) -> None:
        self.write("web.yaml", text.encode())

    def certify(self, *, until: datetime | None = None) -> None:
        made = trustme.CA().issue_cert("localhost", not_after=until)
        self.write("cert.pem", made.cert_chain_pems[0].bytes())
        self.write("key.pem", made.private_key_pem.bytes())


@pytest.fixture
def folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Folder:
    caplog.set_level(logging.INFO)
    return Folder(tmp_path)


def test_without_a_file_nothing_is_protected() -> None:
    bare = Protection("", NOW)
    bare.renew(NOW)
    assert (bare.ok, bare.tls, bare.now.passwords) == (True, None, None)


def test_a_changed_file_is_taken_up(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    folder.say("")
    held = Protection(str(folder.web), NOW)
    folder.say(f"basic_auth_users: {{alice: {HASH}}}\n")
    assert held.now.passwords is None
    held.renew(NOW)
    held.renew(NOW)
    assert held.now.passwords
    assert caplog.text.count("web.yaml was read again") == 1


def test_a_file_that_did_not_change_is_not_read(folder: Folder) -> None:
    folder.say("")
    held = Protection(str(folder.web), NOW)
    before = held.now
    held.renew(NOW)
    assert held.now is before


def test_a_broken_file_keeps_the_old_and_is_said_once(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.say(f"basic_auth_users: {{alice: {HASH}}}\n")
    held = Protection(str(folder.web), NOW)
    before = held.now
    folder.say("basic_auth_users:\n  alice: nothing\n")
    for _ in range(3):
        held.renew(NOW)
    assert (held.now, held.ok) == (before, False)
    said = "web.yaml:2: basic_auth_users.alice: is no bcrypt hash"
    assert caplog.text.count(said) == 1
    folder.web.unlink()
    held.renew(NOW)
    assert "web.yaml: cannot be read: No such file" in caplog.text
    folder.say("")
    held.renew(NOW)
    assert held.ok
    assert held.now.passwords is None


def test_a_renewed_certificate_is_taken_up_when_it_is_whole(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.certify()
    folder.say(TLS)
    held = Protection(str(folder.web), NOW)
    assert held.tls
    first = held.tls.current
    renewed = trustme.CA().issue_cert("localhost")
    folder.write("cert.pem", renewed.cert_chain_pems[0].bytes())
    held.renew(NOW)
    assert (held.tls.current, held.ok) == (first, False)
    assert "are no PEM certificate and its key" in caplog.text
    folder.write("key.pem", renewed.private_key_pem.bytes())
    held.renew(NOW)
    assert held.tls.current is not first
    assert held.ok


def test_a_certificate_named_by_a_broken_file_is_looked_at_too(folder: Folder) -> None:
    folder.certify()
    folder.say(TLS)
    held = Protection(str(folder.web), NOW)
    folder.say("tls_server_config: {cert_file: new.pem, key_file: key.pem}\n")
    held.renew(NOW)
    assert not held.ok
    folder.write("new.pem", (folder.path / "cert.pem").read_bytes())
    held.renew(NOW)
    assert held.ok


def test_an_expired_certificate_is_said_once_and_served(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    end = NOW + timedelta(hours=1)
    folder.certify(until=end)
    folder.say(TLS)
    held = Protection(str(folder.web), NOW)
    assert "expired" not in caplog.text
    for _ in range(2):
        held.renew(end)
    assert caplog.text.count(f"the certificate expired at {end}; renew it") == 1
    assert held.tls
    assert held.ok
    Protection(str(folder.web), end)
    assert caplog.text.count("the certificate expired") == 2
    folder.certify()
    held.renew(NOW)
    folder.certify(until=end)
    held.renew(end)
    assert caplog.text.count("the certificate expired") == 3


def test_a_certificate_that_is_over_does_not_replace_one_that_is_not(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    end = NOW + timedelta(hours=1)
    folder.certify()
    folder.say(TLS)
    held = Protection(str(folder.web), NOW)
    assert held.tls
    first = held.tls.current
    folder.certify(until=end)
    held.renew(end)
    assert (held.tls.current, held.ok) == (first, False)
    assert (
        f"web.yaml: the certificate expired at {end}; the one in use is good until" in caplog.text
    )
    folder.certify()
    held.renew(end)
    assert held.tls.current is not first
    assert held.ok


@pytest.mark.parametrize(("first", "second"), [(TLS, ""), ("", TLS)])
def test_tls_neither_comes_nor_goes_without_a_restart(
    folder: Folder, caplog: pytest.LogCaptureFixture, first: str, second: str
) -> None:
    folder.certify()
    folder.say(first)
    held = Protection(str(folder.web), NOW)
    folder.say(second)
    held.renew(NOW)
    assert bool(held.tls) is bool(first)
    assert not held.ok
    assert "came or went; that needs a restart" in caplog.text


def test_http2_is_answered_with_a_word(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    folder.say("http_server_config: {http2: true}\n")
    Protection(str(folder.web), NOW)
    assert "http2 is not spoken here" in caplog.text


def test_what_it_cannot_begin_with_is_a_sentence_with_the_file(folder: Folder) -> None:
    folder.say(TLS)
    with pytest.raises(ConfigError, match=r"web.yaml: .*cert.pem and .*key.pem: cannot be read"):
        Protection(str(folder.web), NOW)


async def test_it_looks_by_itself(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "LOOK_SECONDS", 0.0)
    folder.say("")
    held = Protection(str(folder.web), NOW)
    folder.say(f"basic_auth_users: {{alice: {HASH}}}\n")
    loop, taken_up = asyncio.get_running_loop(), asyncio.Event()
    renew = held.renew

    def telling(now: datetime) -> None:
        renew(now)
        loop.call_soon_threadsafe(taken_up.set)

    monkeypatch.setattr(held, "renew", telling)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(held.watching(SystemClock()))
        await taken_up.wait()
        watching.cancel()
    assert held.now.passwords


async def test_without_a_file_there_is_nothing_to_look_at() -> None:
    async with asyncio.timeout(10):
        await Protection("", NOW).watching(SystemClock())
