"""`probe reference` says of a bad file what is wrong and where, and of a good one that it is good."""

from pathlib import Path

import pytest

from probe.cli import main


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("secure: []", "r.yaml:1: secure: is empty; name at least one"),
        ("secure: ['127.0.0.1']", "r.yaml:1: secure[0]: is '127.0.0.1'; it must be host:port"),
        ("limits: {body: 1}", "r.yaml:1: limits.body: is 1; it must be from 64KiB to 64MiB"),
        ("names: ['a b']", "r.yaml:1: names[0]: is 'a b'; it must be a host name"),
        ("tls: {certificate: c.pem, key: k.pem}", "cannot be read"),
        ("colour: red", "r.yaml:1:"),
    ],
)
def test_a_bad_file_is_refused(
    text: str, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    assert main(["reference", str(path), "--check"]) == 2
    assert error in capsys.readouterr().err


def test_a_good_file_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("names: [ours.test]\n")
    assert main(["reference", str(path), "--check"]) == 0
    assert "good: TLS for ours.test" in capsys.readouterr().out


def test_an_address_that_is_not_ours_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("secure: ['192.0.2.1:0']\nmetrics: {listen: ''}\n")
    assert main(["reference", str(path)]) == 2
    assert "this machine has no such address" in capsys.readouterr().err
