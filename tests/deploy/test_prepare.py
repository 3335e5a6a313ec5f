"""What the compose file's first step makes: a token, an authority, a certificate that holds."""

from __future__ import annotations

import importlib.util
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

import pytest

from probe.config.shape import Tls
from probe.transport import certificate
from tests.deploy.filled import DEPLOY

SCRIPT = DEPLOY / "compose/prepare.py"
NAMES = ("correlator", "127.0.0.1")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Prepare(Protocol):
    def prepare(self, root: Path, names: tuple[str, ...], now: datetime) -> None: ...


@pytest.fixture(scope="module")
def script() -> Prepare:
    spec = importlib.util.spec_from_file_location("prepare", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Prepare", module)


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_a_client_that_trusts_the_authority_reaches_the_correlator_by_its_name(
    tmp_path: Path,
) -> None:
    """With the machine's own clock, as `docker compose up` runs it."""
    run = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], check=False)  # noqa: S603
    assert run.returncode == 0
    files = tmp_path / "correlator"
    tls = Tls(certificate=str(files / "certificate.pem"), key=str(files / "key.pem"))
    client_in, client_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=str(tmp_path / "agent/ca.pem"))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does by default
    client = trusting.wrap_bio(client_in, client_out, server_hostname="correlator")
    server = certificate.context(tls).wrap_bio(client_out, client_in, server_side=True)
    shaken: set[ssl.SSLObject] = set()
    for end in (client, server, client, server):
        try:
            end.do_handshake()
            shaken.add(end)
        except ssl.SSLWantReadError:
            continue
    assert shaken == {client, server}


def test_each_gets_its_own_and_no_more(script: Prepare, tmp_path: Path) -> None:
    script.prepare(tmp_path, NAMES, NOW)
    made = contents(tmp_path)
    assert made.keys() == {
        "agent/ca.pem",
        "agent/token",
        "authority/ca.pem",
        "authority/key.pem",
        "correlator/certificate.pem",
        "correlator/key.pem",
        "correlator/token",
        "public/ca.pem",
    }
    assert made["agent/token"] == made["correlator/token"]
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in made}
    assert {modes[name] for name in made if "key" in name or "token" in name} == {0o400}
    assert {modes[name] for name in made if "ca.pem" in name} == {0o444}


def test_a_second_run_changes_nothing(script: Prepare, tmp_path: Path) -> None:
    script.prepare(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    script.prepare(tmp_path, NAMES, NOW + timedelta(days=1))
    assert contents(tmp_path) == before


RENEWED = {"correlator/certificate.pem", "correlator/key.pem"}


@pytest.mark.parametrize(
    ("names", "later"),
    [(NAMES, timedelta(days=340)), ((*NAMES, "correlator.example.org"), timedelta(0))],
    ids=["near-its-end", "another-name"],
)
def test_a_certificate_is_renewed_under_the_same_authority(
    script: Prepare, tmp_path: Path, names: tuple[str, ...], later: timedelta
) -> None:
    script.prepare(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    script.prepare(tmp_path, names, NOW + later)
    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == RENEWED


def test_an_authority_that_expired_is_replaced_with_all_it_signed(
    script: Prepare, tmp_path: Path
) -> None:
    script.prepare(tmp_path, NAMES, NOW)
    before = contents(tmp_path)
    script.prepare(tmp_path, NAMES, NOW + timedelta(days=3660))
    after = contents(tmp_path)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == after.keys() - {"agent/token", "correlator/token"}


def test_a_start_that_was_cut_short_is_finished(script: Prepare, tmp_path: Path) -> None:
    script.prepare(tmp_path, NAMES, NOW)
    (tmp_path / "agent/token").unlink()
    (tmp_path / "correlator/certificate.pem").unlink()
    (tmp_path / "correlator/key.pem.new").write_text("half")
    script.prepare(tmp_path, NAMES, NOW)
    made = contents(tmp_path)
    assert made["agent/token"] == made["correlator/token"]
    files = tmp_path / "correlator"
    # Raises where the two do not belong together.
    certificate.context(
        Tls(certificate=str(files / "certificate.pem"), key=str(files / "key.pem"))
    )


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path / "none")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (answer.returncode, answer.stderr.split(":")[0]) == (2, "usage")
