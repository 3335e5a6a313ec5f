from __future__ import annotations

from pathlib import Path

from tests.lab.kernel.inside import child, needs_namespaces

pytestmark = needs_namespaces


def test_a_program_that_is_not_there_is_said_in_one_line() -> None:
    script = """
import subprocess
with ns.new() as other:
    process = ns.spawn(["no-such-program"], other, stderr=subprocess.PIPE)
    print(process.communicate()[1].decode().strip(), process.returncode)
"""
    assert (
        child(script) == "no-such-program did not start: [Errno 2] No such file or directory 126"
    )


def test_a_file_is_shown_over_another(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("ours")
    (tmp_path / "theirs").write_text("theirs")
    script = """
import sys
from probe.lab.kernel.sandbox.launcher import show_file
folder = sys.argv[1]
show_file(f"{folder}/ours", f"{folder}/theirs")
print(open(f"{folder}/theirs").read())
"""
    assert child(script, str(tmp_path)) == "ours"
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_symlink_to_nowhere_is_shown_too(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("ours")
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run/resolve/stub.conf")
    script = """
import sys
from probe.lab.kernel.sandbox.launcher import show_file
folder = sys.argv[1]
show_file(f"{folder}/ours", f"{folder}/link")
print(open(f"{folder}/link").read())
"""
    assert child(script, str(tmp_path)) == "ours"
    assert not (tmp_path / "run/resolve").exists()


def test_a_whole_directory_of_the_system_is_never_hidden() -> None:
    script = """
from probe.lab.kernel.sandbox.launcher import show_file
try:
    show_file("/proc/self/status", "/etc/no-such-file.conf")
except FileNotFoundError as error:
    print(error)
"""
    assert child(script) == "/etc/no-such-file.conf does not exist, so it cannot be replaced"


def test_the_hosts_own_resolver_is_hidden(tmp_path: Path) -> None:
    """A name service switch that asks a socket by path would leave the namespace."""
    (tmp_path / "resolv.conf").write_text("nameserver 31.5.0.53\n")
    script = """
import sys
from pathlib import Path
with ns.new() as other:
    ns.spawn(["sh", "-c", "cat /etc/nsswitch.conf 2>/dev/null || echo hosts: files dns"], other,
             resolv_conf=Path(sys.argv[1]) / "resolv.conf").wait()
"""
    assert "hosts: files dns" in child(script, str(tmp_path)).splitlines()
