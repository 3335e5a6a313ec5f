"""`probe demo`: the pages' address first, statements as they change, an end of its own."""

from __future__ import annotations

import socket
from collections.abc import Generator

import msgspec
import pytest

from probe.cli import main
from probe.lab import demo
from probe.lab.result import Done, Failed, News, Phase, RunResult

RESULT = RunResult(scenario="demo", on="kernel", right=True, seconds_to_right=0)


def playing(monkeypatch: pytest.MonkeyPatch, *news: News, interrupted: bool = False) -> None:
    def play(
        listening: socket.socket, *, recorded: bool, keep: bool
    ) -> Generator[News, None, None]:
        yield Phase(text=f"recorded={recorded} keep={keep}")
        listening.close()
        yield from news
        if interrupted:
            raise KeyboardInterrupt

    monkeypatch.setattr(demo, "play", play)
    monkeypatch.setattr(
        demo, "obstacle", lambda *, recorded: "it was asked for" if recorded else ""
    )


def test_it_prints_the_address_plays_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Done(result=RESULT))
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("pages: http://127.0.0.1:")
    assert "recorded=False keep=False" in out
    assert "right" in out


def test_where_it_cannot_make_an_internet_it_says_so_and_plays_a_recording(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Done(result=RESULT))
    assert main(["demo", "--recorded"]) == 0
    out = capsys.readouterr().out
    assert "playing recorded measurements: it was asked for" in out
    assert "recorded=True" in out


def test_kept_it_stays_until_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Done(result=RESULT), interrupted=True)
    assert main(["demo", "--keep"]) == 0
    assert "stays up until Ctrl-C" in capsys.readouterr().out


def test_json_goes_alone_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Done(result=RESULT))
    assert main(["demo", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["scenario"] == "demo"


@pytest.mark.parametrize(
    "last", [Failed(reason="why", logs="/there"), Done(result=RunResult(scenario="d", on="k"))]
)
def test_a_failure_or_a_wrong_answer_is_exit_1(
    last: News, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, last)
    assert main(["demo"]) == 1
    capsys.readouterr()


def test_no_end_at_all_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch)
    assert main(["demo"]) == 1
    assert "without a result" in capsys.readouterr().err


def test_a_taken_port_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["demo", "--port", str(taken.getsockname()[1])]) == 2
    assert "--port" in capsys.readouterr().err
