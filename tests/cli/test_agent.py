"""`probe agent`: a good file is said to be good, a bad one in one sentence, and nothing else."""

from pathlib import Path

import pytest

from probe.cli import main

CONFIGS = Path(__file__).parents[2] / "configs"
AGENT = """\
vantage: {id: de-1, country: DE, asn: 3320}
uplink: {url: "http://127.0.0.1:1", token: abc}
web: {listen: ""}
"""
SERVICES = """\
services:
  - id: a
    name: A
    features: [{id: web, name: Web, endpoints: [{id: front, url: "https://a.example/"}]}]
controls:
  - {reach: foreign, endpoint: {id: one, url: "https://b.example/"}}
  - {reach: domestic, country: TR, endpoint: {id: two, url: "https://c.example/"}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "services.yaml").write_text(SERVICES)
    path = tmp_path / "agent.yaml"
    path.write_text(AGENT)
    return path


def test_a_good_file_is_counted_in_one_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agent", str(config), "--check"]) == 0
    assert capsys.readouterr().out == f"{config}: ok: 1 endpoints, 1 controls\n"
    assert not (config.parent / "spool.sqlite").exists()


def test_the_example_that_is_shipped_is_good(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKSFORWHOM_TOKEN", "abc")
    assert main(["agent", str(CONFIGS / "agent.yaml"), "--check"]) == 0
    assert "ok: " in capsys.readouterr().out


BAD = {
    "agent.yaml": ("asn: 3320", "asn: 0", "agent.yaml:1: vantage.asn: is 0; it must be"),
    "services.yaml": ("https://a.example/", "a", "services.yaml:4: services[0].features[0]"),
}


@pytest.mark.parametrize("check", [["--check"], []], ids=["check", "run"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_sentence_and_exit_2(
    config: Path, capsys: pytest.CaptureFixture[str], name: str, check: list[str]
) -> None:
    old, new, said = BAD[name]
    path = config.parent / name
    path.write_text(path.read_text().replace(old, new))
    assert main(["agent", str(config), *check]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("field", ["measuring", "uplink"])
def test_a_missing_trust_bundle_is_found_by_the_check(
    config: Path, capsys: pytest.CaptureFixture[str], field: str
) -> None:
    text = AGENT.replace("http://127.0.0.1:1", "https://127.0.0.1:1")
    sections = {
        "measuring": text + "measuring: {trust: nowhere.pem}\n",
        "uplink": text.replace("token: abc", "token: abc, trust: nowhere.pem"),
    }
    config.write_text(sections[field])
    assert main(["agent", str(config), "--check"]) == 2
    assert "nowhere.pem" in capsys.readouterr().err


def test_an_address_that_is_not_ours_is_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(AGENT.replace('listen: ""', 'listen: "192.0.2.1:1"'))
    assert main(["agent", str(config)]) == 2
    assert "cannot listen on 192.0.2.1:1" in capsys.readouterr().err


def test_a_spool_that_cannot_be_is_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(AGENT + "spool: {path: .}\n")
    assert main(["agent", str(config)]) == 2
    assert "spool" in capsys.readouterr().err


def test_a_listener_s_file_is_tried_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(AGENT.replace('listen: ""', 'listen: "127.0.0.1:0", config_file: web.yaml'))
    file = config.parent / "web.yaml"
    file.write_text("basic_auth_users:\n  dave: nothing\n")
    assert main(["agent", str(config), "--check"]) == 2
    assert f"{file}:2: basic_auth_users.dave: is no bcrypt hash" in capsys.readouterr().err
    file.write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    assert main(["agent", str(config), "--check"]) == 2
    assert "c.pem and" in capsys.readouterr().err
    file.write_text("")
    assert main(["agent", str(config), "--check"]) == 0


def test_a_broken_line_of_fingerprints_is_said_and_the_rest_serves(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = config.parent / "lists.json"
    lists.write_text('{"fingerprint":"b_nat_xx","pattern":"good words"}\nnonsense\n')
    config.write_text(AGENT + "measuring: {fingerprints: [lists.json, none.csv]}\n")
    assert main(["agent", str(config), "--check"]) == 0
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        f"probe: {lists}:2: is not JSON; it is left out",
        f"probe: {config.parent}/none.csv: cannot be read: No such file or directory; it is left out",
    ]
    assert ": ok: " in told.out
