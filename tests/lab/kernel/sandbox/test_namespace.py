from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from probe.lab.kernel.sandbox import namespace
from probe.lab.kernel.sandbox.namespace import SandboxError, enter_sandbox, reason_not, spawn
from tests.lab.kernel.inside import ENVIRONMENT, PRELUDE, ROOT, child, needs_namespaces

UNPRIVILEGED = ("setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all", "--no-new-privs")
"""Root without CAP_SYS_ADMIN goes the way of everybody else, through a user namespace; to map root
into it takes CAP_SETFCAP (since Linux 5.12), which ordinary users do not need."""
needs_setpriv = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="giving up root's rights takes root and setpriv",
)

TALK = """
import socket
from probe.lab.kernel.internet.process import start
from probe.lab.kernel.sandbox.wiring import wire
from tests.lab.kernel.scene import PLAN
wired = wire(PLAN)
internet = start(PLAN, wired)
with ns.inside(wired.hosts["origin"]):
    server = socket.create_server(("45.60.1.1", 80))
with ns.inside(wired.hosts["tr-1"]):
    client = socket.create_connection(("45.60.1.1", 80), timeout=5)
print(client.getpeername()[0])
internet.stop()
for one in (client, server):
    one.close()
"""


@needs_namespaces
def test_the_sandbox_reaches_nothing() -> None:
    script = """
import socket
for family, address in ((socket.AF_INET, "1.1.1.1"), (socket.AF_INET6, "2606:4700::1111")):
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        print(attempt.connect_ex((address, 443)))
"""
    assert child(script).split() == [str(errno.ENETUNREACH), str(errno.EADDRNOTAVAIL)]


@needs_namespaces
def test_a_thread_that_runs_already_is_refused() -> None:
    release = threading.Event()
    other = threading.Thread(target=release.wait)
    other.start()
    try:
        with pytest.raises(SandboxError, match="before the process starts a thread"):
            enter_sandbox()
    finally:
        release.set()
        other.join()


@needs_namespaces
def test_only_the_block_is_inside() -> None:
    script = """
import os
def here(): return os.stat(ns.OWN_NETWORK).st_ino
before = here()
with ns.new() as other:
    try:
        with ns.inside(other):
            print(here() == os.fstat(other.fd).st_ino, here() == before)
            raise KeyError
    except KeyError:
        print(here() == before)
"""
    assert child(script).split() == ["True", "False", "True"]


@needs_namespaces
def test_a_process_has_its_own_network_and_resolver(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 31.5.0.53\n")
    script = """
import sys
from pathlib import Path
with ns.new() as other:
    ns.spawn(["cat", "/etc/resolv.conf"], other, resolv_conf=Path(sys.argv[1])).wait()
    ns.spawn(["readlink", "/proc/self/ns/net"], other).wait()
    import os
    print(f"net:[{os.fstat(other.fd).st_ino}]")
"""
    before = Path("/etc/resolv.conf").read_text()
    first, *networks = child(script, str(resolv_conf)).splitlines()
    assert first == "nameserver 31.5.0.53"
    assert networks[0] == networks[1]
    assert Path("/etc/resolv.conf").read_text() == before


@needs_namespaces
def test_descriptors_environment_and_output_are_handed_over(tmp_path: Path) -> None:
    script = """
import os, sys
read_end, write_end = os.pipe()
with ns.new() as other, open(sys.argv[1], "wb") as out:
    command = ["sh", "-c", f"echo $WORD; echo passed >&{write_end}"]
    ns.spawn(command, other, pass_fds=(write_end,), env={"WORD": "said"}, stdout=out).wait()
print(os.read(read_end, 100).decode())
"""
    assert child(script, str(tmp_path / "out")) == "passed"
    assert (tmp_path / "out").read_text() == "said\n"


def test_processes_are_started_from_the_main_thread_alone() -> None:
    raised: list[Exception] = []

    def attempt() -> None:
        try:
            spawn(["true"], namespace.own())
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert [str(error) for error in raised] == [
        "processes of the lab are started from the main thread"
    ]


@needs_namespaces
def test_nothing_is_left_of_a_parent_that_was_killed() -> None:
    script = """
import os, sys, time
from probe.lab.kernel.internet.process import start
from probe.lab.kernel.sandbox.wiring import wire
from tests.lab.kernel.scene import PLAN
wired = wire(PLAN)
internet = start(PLAN, wired)
sleeper = ns.spawn(["sleep", "1000"], wired.hosts["tr-1"])
print(internet.pid, sleeper.pid, os.fstat(wired.hosts["tr-1"].fd).st_ino, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", PRELUDE + script]
    with subprocess.Popen(  # noqa: S603 — our own script
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        router, sleeper, network = parent.stdout.readline().split()
        watched = [os.pidfd_open(int(pid)) for pid in (router, sleeper)]
        parent.send_signal(signal.SIGKILL)
        for pidfd in watched:
            ended(pidfd)
    assert not [link for link in networks() if network in link]


def ended(pidfd: int) -> None:
    """Wait until the process has ended; a pidfd is readable then."""
    ready, _, _ = select.select([pidfd], [], [], 10)
    os.close(pidfd)
    assert ready, "it lives on"


def networks() -> set[str]:
    """List the network namespaces of all processes that may be read."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add(str((process / "ns/net").readlink()))
        except OSError:
            continue
    return found


@needs_namespaces
@needs_setpriv
def test_all_of_it_works_without_any_right() -> None:
    assert child(TALK, before=UNPRIVILEGED) == "45.60.1.1"


@needs_namespaces
@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("setpriv", "unshare", "mount"))),
    reason="becoming nobody takes root, setpriv, unshare and mount",
)
def test_all_of_it_works_for_nobody() -> None:
    """The interpreter is shown at a place that nobody may enter too."""
    show = 'mount --bind "$0" /mnt && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"'
    python = f"/mnt/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    if not all(is_open(Path(path)) for path in paths):
        pytest.skip("the checkout or its environment lies where nobody may not look")
    done = subprocess.run(  # noqa: S603 — our own script
        [
            shutil.which("unshare") or "",
            "-m",
            "sh",
            "-c",
            show,
            sys.base_prefix,
            python,
            "-B",
            "-c",
            PRELUDE + TALK,
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LD_LIBRARY_PATH": "/mnt/lib"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("45.60.1.1\n", "")


def is_open(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


@needs_namespaces
def test_all_of_it_works_for_whoever_runs_the_tests() -> None:
    assert child(TALK) == "45.60.1.1"


def test_the_reason_is_one_line_and_the_trial_changes_nothing() -> None:
    before = Path(namespace.OWN_NETWORK).stat().st_ino
    assert "\n" not in reason_not()
    assert Path(namespace.OWN_NETWORK).stat().st_ino == before


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({}, OSError(errno.ENOSPC, "no"), "user.max_user_namespaces"),
        ({"max_user_namespaces": "0"}, OSError(errno.EPERM, "no"), "user.max_user_namespaces"),
        (
            {"unprivileged_userns_clone": "0"},
            OSError(errno.EPERM, "no"),
            "kernel.unprivileged_userns_clone",
        ),
        ({"apparmor_restrict_unprivileged_userns": "1"}, OSError(errno.EACCES, "no"), "AppArmor"),
        ({}, OSError(errno.EPERM, "not permitted"), "not permitted"),
    ],
)
def test_the_reason_is_named(
    settings: dict[str, str], error: OSError, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespace, "_setting", lambda path: settings.get(Path(path).name, ""))
    assert says in namespace.explain(error)


def test_a_seccomp_filter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "_setting", lambda _: "")
    monkeypatch.setattr(namespace, "_filtered", lambda: True)
    assert "seccomp" in namespace.explain(OSError(errno.EPERM, "unshare"))
