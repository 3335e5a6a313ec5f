"""Logs are one line each, whatever the message, with a time only where nobody else adds it."""

import json
import logging
import sys

import pytest
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st

from probe.cli import logs
from probe.config.shape import Logging


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("probe.store", logging.INFO, "", 0, message, None, None)


@given(st.text())
def test_a_message_is_one_line_and_comes_out_whole(message: str) -> None:
    line = logs.Logfmt(timed=False).format(record(message))
    assert "\n" not in line
    text = line.removeprefix("level=info source=probe.store msg=")
    assert message == (json.loads(text) if text.startswith('"') else text)
    assert json.loads(logs.Json(timed=False).format(record(message)))["msg"] == message


def test_an_error_carries_its_traceback() -> None:
    try:
        raise KeyError("gone")  # noqa: TRY301 — to have one
    except KeyError:
        held = record("failed")
        held.exc_info = sys.exc_info()
    assert logs.Logfmt(timed=True).format(held).endswith("KeyError: 'gone'")
    assert "KeyError" in json.loads(logs.Json(timed=True).format(held))["trace"]


@pytest.mark.parametrize(("journal", "timed"), [(True, False), (False, True)])
def test_the_journal_adds_the_time_itself(
    *,
    journal: bool,
    timed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    if journal:
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    logs.to_stderr(Logging(level="info"))
    logging.getLogger("probe.store").info("opened")
    assert ("time=" in capsys.readouterr().err) is timed


def test_what_is_no_http_is_told_in_one_line_without_a_traceback() -> None:
    held = record("Error handling request from 192.0.2.1")
    error = BadHttpMessage("Invalid character in Content-Length:\n\n  b'abc" + "x" * 9000)
    held.levelno, held.exc_info = logging.ERROR, (type(error), error, None)
    logs.without_trace_of_visitors(held)
    line = logs.Logfmt(timed=False).format(held)
    assert line.startswith("level=info")
    assert "from 192.0.2.1: 400, message: Invalid character in Content-Length:" in line
    assert "\n" not in line
    assert len(line) < 400


def test_another_error_keeps_its_traceback() -> None:
    held = record("failed")
    error = KeyError("gone")
    held.levelno, held.exc_info = logging.ERROR, (type(error), error, None)
    assert logs.without_trace_of_visitors(held)
    assert held.exc_info


def test_a_change_of_state_names_its_target_and_its_state() -> None:
    held = record("a/web/front fails: connection_reset (tls)")
    held.target, held.state = "a/web/front", "connection_reset"
    line = logs.Logfmt(timed=False).format(held)
    assert line.startswith(
        "level=info source=probe.store target=a/web/front state=connection_reset msg="
    )
    shown = json.loads(logs.Json(timed=False).format(held))
    assert (shown["target"], shown["state"]) == ("a/web/front", "connection_reset")
