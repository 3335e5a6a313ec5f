"""`probe correlator` says of a bad file what is wrong and where, and of a good one that it is good."""

import argparse
import shutil
from pathlib import Path

import pytest
import trustme

from probe.cli import correlator
from probe.config.load import ConfigError

CONFIGS = Path(__file__).parent.parent.parent / "configs"


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    correlator.add(parser.add_subparsers(required=True))
    return parser.parse_args(["correlator", *words])


def written(folder: Path, text: str = "") -> Path:
    for name in ("correlator.yaml", "services.yaml"):
        shutil.copy(CONFIGS / name, folder / name)
    path = folder / "correlator.yaml"
    path.write_text(path.read_text() + text)
    return path


def test_the_example_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert correlator.run(asked(str(CONFIGS / "correlator.yaml"), "--check")) == 0
    assert "good: agents 1, services 1" in capsys.readouterr().out


def test_a_certificate_is_tried_too(tmp_path: Path) -> None:
    path = written(tmp_path, "tls: {certificate: c.pem, key: k.pem}\n")
    with pytest.raises(ConfigError, match=r"c\.pem or .*k\.pem cannot be read"):
        correlator.run(asked(str(path), "--check"))
    issued = trustme.CA().issue_cert("centre.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "c.pem")
    issued.private_key_pem.write_to_path(tmp_path / "k.pem")
    assert correlator.run(asked(str(path), "--check")) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webb: {}\n", r"correlator\.yaml:\d+: webb: unknown key; did you mean `web`"),
        ("limits: {records: many}\n", r"correlator\.yaml:\d+: limits\.records"),
        ("pages: {listen: 8421}\n", r"correlator\.yaml:\d+: pages\.listen"),
    ],
)
def test_a_bad_file_is_named_with_line_and_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        correlator.run(asked(str(written(tmp_path, text)), "--check"))


def test_missing_services_are_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "services.yaml").unlink()
    with pytest.raises(ConfigError, match=r"services\.yaml"):
        correlator.run(asked(str(path), "--check"))
