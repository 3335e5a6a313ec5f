"""What deploy/README.md tells an operator to paste for an upgrade and back does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.filled import DEPLOY, ROOT

README = DEPLOY / "README.md"
BASH = shutil.which("bash") or ""
SWITCHING = re.compile(r"^(ln|readlink) ")


def switching(heading: str) -> str:
    """Give the lines of a block that move the link, of the first block after a heading."""
    block = README.read_text().split(heading, 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return "\n".join(line for line in block.splitlines() if SWITCHING.match(line))


def paste(lines: str, opt: Path, release: str) -> None:
    script = f"release={opt}/{release}\n" + lines.replace("/opt/", f"{opt}/")
    subprocess.run([BASH, "-euc", script], check=True)  # noqa: S603


@pytest.mark.skipif(not BASH, reason="bash is missing")
def test_an_upgrade_switches_the_link_and_the_way_back_switches_it_again(tmp_path: Path) -> None:
    for name in ("worksforwhom-1", "worksforwhom-2"):
        (tmp_path / name).mkdir()
    link = tmp_path / "worksforwhom"
    paste(switching("### Install"), tmp_path, "worksforwhom-1")
    assert link.readlink().name == "worksforwhom-1"
    paste(switching("### Upgrade"), tmp_path, "worksforwhom-2")
    assert link.readlink().name == "worksforwhom-2"
    paste(switching("\nBack:"), tmp_path, "")
    assert link.readlink().name == "worksforwhom-1"


def test_every_file_it_names_is_there() -> None:
    text = README.read_text()
    named = set(re.findall(r"(?:deploy/systemd|configs)/[\w./-]+\w", text))
    linked = set(re.findall(r"\]\(([\w./-]+)\)", text))
    assert "deploy/systemd/worksforwhom-agent.service" in named
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [name for name in linked if not (DEPLOY / name).exists()] == []
