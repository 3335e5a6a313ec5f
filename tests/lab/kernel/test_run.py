"""Starting the lab's process: what it cannot play is refused, what it says is passed on."""

from __future__ import annotations

import os
import select
import shutil
import signal
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from probe.config.load import ConfigError
from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.kernel import run as kernel
from probe.lab.kernel.run import Options, run, unplayable
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.result import Failed
from probe.lab.scenario import Event

ON_PACKETS = tuple(name for name in library.names() if not library.load(name).outside)
"""Worlds that are written out whole; those that add the rest of the world are simulated."""


def test_a_mechanism_it_cannot_play_is_refused_with_those_it_can(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    text = library.find("quiet-day").read_text()
    own.write_text(text.replace("timeline: []", "timeline: [{at: 60, mechanism: tls.sni_rest}]"))
    wrong = r"mine\.yaml:\d+: timeline\[0\]\.mechanism: .*'tls.sni_rest'; did you mean tls.sni_rst"
    with pytest.raises(ConfigError, match=wrong):
        next(run(str(own), Options()))


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"dependencies": ("cloudflare",)}, "dependencies"),
        ({"sites": ("LHR",)}, "sites"),
        ({"cohorts": ("new",)}, "cohorts"),
        ({"controls": True}, "controls"),
    ],
)
def test_what_only_the_simulated_lab_knows_is_refused(more: dict[str, object], named: str) -> None:
    event = Event(at=Seconds(0), mechanism="server.outage_global", **more)  # type: ignore[arg-type]
    told = msgspec.structs.replace(library.load("quiet-day"), timeline=(event,))
    (problem,) = unplayable(told)
    assert problem.path == ("timeline", 0, "mechanism")
    assert f"cannot play 'server.outage_global' with {named}" in problem.text
    assert "--on simulated" in problem.text


@pytest.mark.parametrize("name", ON_PACKETS)
def test_our_own_scenarios_can_be_played(name: str) -> None:
    assert list(unplayable(library.load(name))) == []


def test_an_unknown_scenario_is_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match="no such scenario"):
        next(run("nothing-such", Options()))


def test_settings_with_a_mistake_are_refused_before_anything_starts(tmp_path: Path) -> None:
    wrong = tmp_path / "settings.yaml"
    wrong.write_text(
        "webhooks: {receivers: [{name: hook, kind: json, url: nowhere, secret: x}]}\n"
    )
    with pytest.raises(ConfigError, match=r"settings\.yaml:1: webhooks\.receivers\[0\]\.url: "):
        next(run("quiet-day", Options(settings=wrong)))


def test_a_process_that_ends_without_a_word_is_a_failure_with_its_logs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel, "MODULE", "probe.lab.nothing_such")
    with closing(run("quiet-day", Options(logs=tmp_path))) as news:
        *_, last = news
    assert isinstance(last, Failed)
    assert "without a result" in last.reason
    assert "nothing_such" in (Path(last.logs) / "orchestrator.log").read_text()


def test_files_of_a_run_that_was_left_are_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    news = run("quiet-day", Options())
    next(news)
    news.close()
    assert list(tmp_path.iterdir()) == []


def marked(mark: str) -> dict[int, str]:
    """Every process that inherited the mark, and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue
    found.pop(os.getpid(), None)
    return found


def ended(process: int, within_seconds: float) -> bool:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_seconds)[0])
    finally:
        os.close(handle)


def test_kill_9_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := reason_not():
        pytest.skip(f"no network namespaces: {reason}")
    mark = f"lab-of-test-{os.getpid()}"
    monkeypatch.setenv("WORKSFORWHOM_TEST_MARK", mark)
    with closing(run("quiet-day", Options())) as news:
        while "waiting until every agent" not in getattr(next(news), "text", ""):
            pass
        alive = marked(mark)
        assert (
            sum("nursery" in command for command in alive.values()) > 16
        )  # and the agents' parent
        (target,) = (number for number, command in alive.items() if kernel.MODULE in command)
        os.kill(target, signal.SIGKILL)
        *_, last = news
    assert isinstance(last, Failed)
    assert [alive[number] for number in alive if not ended(number, 20)] == []
    shutil.rmtree(last.logs)
