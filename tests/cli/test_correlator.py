"""`probe correlator` says of a bad file what is wrong and where, and of a good one that it is good."""

import argparse
import re
import shutil
from pathlib import Path

import pytest
import trustme

from probe.cli import correlator
from probe.config.load import ConfigError
from probe.config.shape import Webhooks
from probe.model import State
from tests import databases

INNER = re.compile(r"^( +)# (?=[a-z_]+: )")
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


def test_a_database_of_networks_is_tried_too(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("# origins: GeoLite2-ASN.mmdb", "origins: asn.mmdb"))
    said = r"correlator\.yaml:\d+: judging\.origins: .*asn\.mmdb cannot be read: No such file"
    with pytest.raises(ConfigError, match=said):
        correlator.run(asked(str(path), "--check"))
    networks = {"192.0.2.0/24": databases.network(64500, "Cloud Example")}
    found = databases.written(tmp_path / "asn.mmdb", networks)
    assert correlator.run(asked(str(path), "--check")) == 0
    assert correlator.read(path)[0].judging.origins == str(found)


def shown(name: str) -> str:
    """Give a section of the example with its comment signs taken away, and those within it."""
    lines = (CONFIGS / "correlator.yaml").read_text().splitlines()
    start = lines.index(f"# {name}:")
    end = next(n for n in range(start, len(lines)) if not lines[n].startswith("#"))
    return "".join(INNER.sub(r"\1", line[2:]) + "\n" for line in lines[start:end])


def test_what_the_example_shows_of_receivers_and_readers_is_good(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    for name in ("pager.token", "newsroom.secret"):
        (tmp_path / name).write_text("a-long-text\n")
    path = written(tmp_path, shown("webhooks") + shown("discovery"))
    assert correlator.run(asked(str(path), "--check")) == 0
    config, _ = correlator.read(path)
    told = config.webhooks
    pager, newsroom = told.receivers
    assert pager.token_file == str(tmp_path / "pager.token")
    assert newsroom.secret_file == str(tmp_path / "newsroom.secret")
    assert config.discovery
    # What the example gives as numbers are the defaults.
    for name in ("resend", "max_backoff", "waiting", "give_up"):
        assert getattr(told, name) == getattr(Webhooks(), name)
    assert (pager.timeout, pager.at_least) == (newsroom.timeout, State.LIKELY)


def test_a_receiver_is_tried_too(tmp_path: Path) -> None:
    hook = "{name: a, kind: json, url: 'https://a.example', secret: x, trust: none.pem}"
    path = written(tmp_path, f"webhooks: {{receivers: [{hook}]}}\n")
    with pytest.raises(ConfigError, match=r"trust of receiver a: .*none\.pem cannot be read"):
        correlator.run(asked(str(path), "--check"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webb: {}\n", r"correlator\.yaml:\d+: webb: unknown key; did you mean `web`"),
        ("limits: {records: many}\n", r"correlator\.yaml:\d+: limits\.records"),
        ("pages: {listen: 8421}\n", r"correlator\.yaml:\d+: pages\.listen"),
        ("metrics: {listen: 8422}\n", r"correlator\.yaml:\d+: metrics\.listen"),
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


def test_a_listener_s_file_is_tried_too(tmp_path: Path) -> None:
    path = written(tmp_path, "pages: {listen: '127.0.0.1:0', config_file: web.yaml}\n")
    (tmp_path / "web.yaml").write_text("basic_auth_user: {}\n")
    with pytest.raises(ConfigError, match=r"web\.yaml:1: basic_auth_user: unknown key; did you"):
        correlator.run(asked(str(path), "--check"))


def test_one_listener_has_one_certificate(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("centre.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "c.pem")
    issued.private_key_pem.write_to_path(tmp_path / "k.pem")
    (tmp_path / "web.yaml").write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    path = written(tmp_path, "tls: {certificate: c.pem, key: k.pem}\n")
    path.write_text(path.read_text().replace("web:\n", "web:\n  config_file: web.yaml\n", 1))
    with pytest.raises(ConfigError, match=r"web\.yaml: tls_server_config: `tls` gives one, too"):
        correlator.run(asked(str(path), "--check"))
