"""Every fault of a configuration file is one sentence that names the place and what is right."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config import load
from probe.config.load import ConfigError
from probe.config.shape import Catalogue, EnrolledAgent, Seconds, Secret, Section, Uplinking
from probe.model import State, Vantage

AGENT = """\
vantage: {id: no-1, country: NO, asn: 2119}
uplink:
  url: https://correlator.example/
  token: abc
"""
CATALOGUE = """\
services:
  - id: twitter
    name: Twitter
    features:
      - id: web
        name: Web
        endpoints:
          - id: front
            url: https://twitter.com/
controls:
  - reach: foreign
    endpoint: {id: one, url: "https://one.example/"}
"""
CENTRE = """\
agents:
  - vantage: {id: de-1, country: DE, asn: 3320}
    token: abc
  - vantage: {id: de-2, country: DE, asn: 3320}
    token_sha256: "%s"
""" % ("ab" * 32)
QUICK = "vantage: {id: de-1, country: DE, asn: 3320}\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def written(text: str | bytes) -> Path:
        path = tmp_path / "file.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


Write = Callable[[str | bytes], Path]


def complaint(path: Path, read: Callable[[Path], object] = load.agent) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text.replace(str(path), "FILE")


def test_a_good_agent_is_read_with_its_paths_beside_the_file(write: Write) -> None:
    path = write(AGENT + "schedule: {interval: 1m30s}\nspool: {max_bytes: 1MiB}\n")
    config = load.agent(path)
    assert config.vantage.country == "NO"
    assert config.schedule.interval == Seconds(90)
    assert config.spool.max_bytes == 1024**2
    assert config.services == str(path.parent / "services.yaml")
    assert config.spool.path == str(path.parent / "spool.sqlite")
    assert config.measuring.trust == ""


def test_the_other_files_are_read(write: Write) -> None:
    assert load.catalogue(write(CATALOGUE)).services[0].features[0].endpoints[0].id == "front"
    assert load.quickstart(write(QUICK)).state.endswith("/worksforwhom-state")
    centre = write(CENTRE + "tls: {certificate: a.pem, key: /b.pem}\n")
    config = load.correlator(centre)
    assert config.tls is not None
    assert config.tls.certificate == str(centre.parent / "a.pem")
    assert config.tls.key == "/b.pem"
    assert load.digest(config.agents[1]) == "ab" * 32


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nowhere.pem", "nowhere.pem cannot be read: No such file or directory"),
        (".", "cannot be read: Is a directory"),
        ("file.yaml", "file.yaml is no PEM file; it must have -----BEGIN lines"),
        ('"a\\0b"', "is not a file name"),
    ],
)
def test_a_bundle_that_is_none_is_named_with_its_line(write: Write, name: str, wrong: str) -> None:
    path = write(QUICK + f"measuring:\n  trust: {name}\n")
    number = path.read_text().count("\n")
    with pytest.raises(ConfigError, match=f":{number}: measuring.trust: .*{re.escape(wrong)}"):
        load.quickstart(path)


WHOLE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "FILE: is empty"),
    "comments alone": ("# nothing\n", "FILE: is empty"),
    "a list": ("- a\n", "1: expected a mapping, got a list"),
    "text": ("hello", "1: expected a mapping, got text"),
    "not utf-8": (b"a: 1\nb: \xff\n", "2: is not UTF-8; save it as UTF-8"),
    "utf-16": ("a: 1".encode("utf-16"), "1: is not UTF-8; save it as UTF-8"),
    "a tab": ("a:\n\tb: 1\n", "2: not valid YAML, column 1"),
    "a control character": ("a: 1\nb: \0", "2: not valid YAML: holds '\\x00'; remove"),
    "unclosed": ("a: 'b\n", "not valid YAML"),
    "two documents": (AGENT + "---\na: 1\n", "6: a second document begins"),
    "a duplicate key": (AGENT + "uplink: {}\n", "5: uplink: is given twice; first on line 2"),
    "a list as a key": ("? [a]\n: b\n", "1: a key is not plain text"),
    "a merge key": ("a: &a {b: 1}\nc: {<<: *a}\n", "2: merge keys (<<) are not read"),
    "an unknown alias": ("a: *b\n", "1: *b stands for nothing"),
    "an alias of itself": ("a: &a [*a]\n", "1: *a stands for nothing"),
    "endless nesting": ("[" * 100_000, "1: nested deeper than 40 levels"),
    "an alias bomb": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        "stands for more than 500000 values",
    ),
    "a huge file": ("#" * (4 * 1024**2 + 1), "FILE: is larger than 4 MiB; split it"),
    "a python object": ("!!python/object:os.system x", "1: expected a mapping"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_configuration(write: Write, name: str) -> None:
    text, said = WHOLE[name]
    assert said in complaint(write(text))


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing", "No such file"), (".", "Is a directory"), ("a\0b", "is not a file name")],
)
def test_a_path_that_is_no_file(tmp_path: Path, name: str, said: str) -> None:
    assert said in complaint(tmp_path / name)


FIELDS = {
    "unknown section": ("schedul: {}", "5: schedul: unknown key; did you mean `schedule`?"),
    "unknown key": ("log:\n  colour: 1", "6: log.colour: unknown key; known here: level, format"),
    "missing field": ("web:\n  listen: 1", "6: web.listen: expected text, got a whole number;"),
    "not a duration": ("schedule: {interval: 5x}", "5: schedule.interval: '5x' is not a duration"),
    "no interval": ("schedule: {interval: 0}", "must be longer than 0s"),
    "too much jitter": ("schedule:\n  jitter: 0.51", "6: schedule.jitter: is 0.51; it must be"),
    "not a number": ("schedule: {jitter: .nan}", "expected a number, got text"),
    "no concurrency": ("schedule: {concurrency: 0}", "must be from 1 to 10000"),
    "a truth": ("measuring: {ipv6: maybe}", "expected true or false, got text"),
    "a resolver": ("measuring: {resolver: here}", "must be `system` or an address[:port]"),
    "a resolver's scheme": ("measuring: {resolver: 'udp://9.9.9.9'}", "tls://name@address"),
    "a second resolver": (
        "measuring:\n  second_resolver: tls://dns.quad9.net",
        "6: measuring.second_resolver: is 'tls://dns.quad9.net'; it must be empty or an address",
    ),
    "one of the second resolvers": (
        "measuring:\n  second_resolver:\n    - 9.9.9.9\n    - tls://a b@9.9.9.9",
        "8: measuring.second_resolver[1]: is 'tls://a b@9.9.9.9'; it must be an address[:port], or",
    ),
    "an empty second resolver": (
        'measuring: {second_resolver: [""]}',
        "second_resolver[0]: is ''",
    ),
    "a second resolver's kind": (
        "measuring: {second_resolver: {a: b}}",
        "expected text or a list, got a mapping",
    ),
    "a network": ("measuring: {allow_private: [10.0.0.1/8]}", "measuring.allow_private[0]:"),
    "a whoami that is an address": ("measuring: {whoami: 192.0.2.1}", "must be a host name"),
    "a user agent": ('measuring: {user_agent: "a\\nb"}', "must be printable"),
    "a small spool": ("spool: {max_bytes: 1KiB}", "must be 64KiB or more"),
    "a size": ("spool: {max_bytes: 5 stones}", "'5 stones' is not a size"),
    "listen": ("web: {listen: 'host'}", "must be host:port"),
    "listen port": ("web: {listen: 'host:70000'}", "must be host:port"),
    "listen v6": ("web: {listen: '[zz]:80'}", "must be host:port"),
    "level": ("log: {level: loud}", "must be debug, info, warning or error"),
    "nothing": ("log:", "5: log: expected a mapping, got nothing"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_an_agent(write: Write, name: str) -> None:
    text, said = FIELDS[name]
    assert said in complaint(write(f"{AGENT}{text}\n"))


CHANGED = {
    "country": ("country: NO", "country: no", "1: vantage.country: is 'no'"),
    "asn": ("asn: 2119", "asn: 0", "must be an AS number, 1 or more"),
    "asn text": ("asn: 2119", "asn: AS2119", "expected a whole number, got text"),
    "noun key": ("asn: 2119", "asn: 1, kindd: mobile", "did you mean `kind`?"),
    "noun value": ("asn: 2119", "asn: 1, kind: moble", "'moble' is none of residential, mobile"),
    "no id": ("id: no-1, ", "", "1: vantage: `id` is missing"),
    "odd name": ("asn: 2119", 'asn: 1, network: "a\\e[2J"', "must have no control characters"),
    "bad id": ("id: no-1", "id: no 1", "1 to 64 letters, digits"),
    "http": ("https://correlator.example", "http://correlator.example", "3: uplink.url:"),
    "ftp": ("https:", "ftp:", "must be https, or http on loopback"),
    "no host": ("https://correlator.example/", "https://", "must be https"),
    "no token": ("  token: abc\n", "", "2: uplink: no token; give exactly one of"),
    "empty token": ("token: abc", "token: ''", "uplink: no token"),
    "number token": ("token: abc", "token: 5", "4: uplink.token: expected text"),
    "spaced token": ("token: abc", "token: a b", "has spaces or unprintable"),
    "two tokens": ("token: abc", "token: abc\n  token_file: x", "more than one token"),
    "no variable": ("token: abc", "token: ${WFW_UNSET}", "WFW_UNSET is not set"),
    "no file": ("token: abc", "token_file: nope", "4: uplink.token_file:"),
    "zip": ("token: abc", "token: abc\n  compression: zip", "must be gzip or none"),
    "batch": ("token: abc", "token: abc\n  batch: 0", "must be from 1 to 5000"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_agent(write: Write, name: str) -> None:
    old, new, said = CHANGED[name]
    assert old in AGENT
    text = complaint(write(AGENT.replace(old, new)))
    assert said in text
    assert "abc" not in text


ENDPOINT = "            url: https://twitter.com/\n"
SERVICES = {
    "unknown deep key": ("url: https://twitter.com/", "ulr: x", "9: services[0].features[0]."),
    "bad url": ("https://twitter.com/", "twitter.com", "must be an http or https URL"),
    "a port without its number": (
        "https://twitter.com/",
        "tcp://twitter.com",
        "or tcp://host:port",
    ),
    "a name at no resolver": (
        "https://twitter.com/",
        "dns://a.test/b.test",
        "dns://resolver/name",
    ),
    "a status of a port": (
        "url: https://twitter.com/",
        "url: tcp://twitter.com:443\n            status: [200]",
        "belongs to http and https endpoints",
    ),
    "bad port": ("https://twitter.com/", "https://twitter.com:x/", "must be an http or https URL"),
    "url with a user": ("https://twitter.com/", "https://a@b/", "must be an http or https URL"),
    "url with a space": ("https://twitter.com/", "https://a/ b", "must be an http or https URL"),
    "duplicate": (
        ENDPOINT,
        ENDPOINT + "          - {id: front, url: 'https://x'}\n",
        "10: services[0].features[0].endpoints[1].id: 'front' is given twice",
    ),
    "reserved": ("id: twitter", "id: control", "2: services[0].id: is 'control'"),
    "no services": (CATALOGUE[: CATALOGUE.index("controls")], "services: []\n", "is empty; name"),
    "method": (ENDPOINT, ENDPOINT + "            method: BREW\n", "must be one of GET"),
    "status": (ENDPOINT, ENDPOINT + "            status: [20]\n", "status[0]: is 20; it must"),
    "domestic": ("reach: foreign", "reach: domestic", "11: controls[0]: is domestic but names no"),
    "foreign": ("reach: foreign", "reach: foreign\n    country: DE", "belongs to domestic"),
    "control country": ("reach: foreign", "reach: domestic\n    country: xx", "two capital"),
    "reach": ("reach: foreign", "reach: abroad", "'abroad' is none of domestic, foreign"),
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_changed_catalogue(write: Write, name: str) -> None:
    old, new, said = SERVICES[name]
    assert old in CATALOGUE
    assert said in complaint(write(CATALOGUE.replace(old, new)), load.catalogue)


CENTRES = {
    "two of a kind": ("id: de-2", "id: de-1", "agents[1].id: 'de-1' is given twice"),
    "same token": (
        f'token_sha256: "{"ab" * 32}"',
        "token: abc",
        "has the same token as agents[0]",
    ),
    "bad digest": ("abab", "xyxy", "must be 64 hexadecimal digits"),
    "three": ("    token: abc", "    token: abc\n    token_file: x", "more than one token"),
    "no file": ("    token: abc", "    token_file: x", "agents[0].token_file:"),
}


@pytest.mark.parametrize("name", CENTRES)
def test_a_changed_correlator(write: Write, name: str) -> None:
    old, new, said = CENTRES[name]
    assert old in CENTRE
    assert said in complaint(write(CENTRE.replace(old, new)), load.correlator)


HOOKS = """\
webhooks:
  external_url: https://status.example
  receivers:
    - {name: pager, kind: alertmanager, url: "http://am.example:9093"}
    - {name: hook, kind: json, url: "https://hook.example/pass", secret: hush}
"""
PAGER = 'kind: alertmanager, url: "http://am.example:9093"'
TOLD = {
    "kind": ("kind: json", "kind: xml", "'xml' is none of alertmanager, json"),
    "no url": (', url: "https://hook.example/pass"', "", "receivers[1]: `url` is missing"),
    "url": ("https://hook.example/pass", "hook.example/pass", "receivers[1].url: is <secret>; it"),
    "name": ("name: hook", "name: a hook", "receivers[1].name: is 'a hook'; it must be 1 to 64"),
    "same name": ("name: hook", "name: pager", "[1].name: 'pager' is given twice; every name"),
    "unsigned": (", secret: hush", "", "receivers[1]: a json webhook is signed; give exactly"),
    "two secrets": ("secret: hush", "secret: hush, secret_file: x", "is signed; give exactly one"),
    "no file": ("secret: hush", "secret_file: x", "10: webhooks.receivers[1].secret_file:"),
    "no variable": ("hush", '"${WFW_UNSET}"', "secret: the environment variable WFW_UNSET is not"),
    "signed alert": (PAGER, PAGER + ", secret: hush", "receivers[0]: Alertmanager reads no sign"),
    "token in clear": (PAGER, PAGER + ", token: hush", "receivers[0].url: must be https, or http"),
    "two tokens": ("secret:", "token: a, token_file: b, secret:", "at most one of token, token_f"),
    "no token": ("secret:", "token_file: nope, secret:", "receivers[1].token_file:"),
    "state": (
        "secret:",
        "at_least: insufficient, secret:",
        "at_least: is 'insufficient'; it must be suspected",
    ),
    "timeout": ("secret:", "timeout: 0s, secret:", "[1].timeout: is 0.0; it must be longer"),
    "link": ("https://status.example", "https://a/?b", "7: webhooks.external_url: is"),
    "resend": ("  receivers", "  resend: 2d\n  receivers", "webhooks.resend: is 172800.0; it"),
    "nothing waits": ("  receivers", "  waiting: 0\n  receivers", "must be from 1 to 1000000"),
    "a key": ("secret:", "secrets: x, secret:", "did you mean `secret`?"),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_changed_receiver(write: Write, name: str) -> None:
    old, new, said = TOLD[name]
    assert old in HOOKS
    text = complaint(write(CENTRE + HOOKS.replace(old, new, 1)), load.correlator)
    assert said in text
    assert "hush" not in text
    assert "pass" not in text


def test_receivers_are_read_with_their_files_beside_the_file(write: Write) -> None:
    told = HOOKS.replace("secret: hush", "secret_file: key, trust: ca.pem, at_least: confirmed")
    (write("").parent / "key").write_text("whsec_aHVzaA==\n")
    path = write(CENTRE + told)
    pager, hook = load.correlator(path).webhooks.receivers
    assert (pager.at_least, hook.at_least) == (State.LIKELY, State.CONFIRMED)
    assert hook.trust == str(path.parent / "ca.pem")
    assert load.secret(hook) == "whsec_aHVzaA=="


READERS = {
    "no token": ("discovery: {}", "6: discovery: no token; give exactly one of token,"),
    "two": ("discovery: {token: a, token_file: b}", "discovery: more than one token"),
    "digest": ("discovery: {token_sha256: abc}", "token_sha256: is 'abc'; it must be 64 hex"),
    "no file": ("discovery: {token_file: nope}", "discovery.token_file:"),
}


@pytest.mark.parametrize("name", READERS)
def test_who_may_read_the_probes(write: Write, name: str) -> None:
    text, said = READERS[name]
    assert said in complaint(write(f"{CENTRE}{text}\n"), load.correlator)


def test_a_probe_to_scrape_has_an_address(write: Write) -> None:
    told = CENTRE.replace("    token: abc\n", "    token: abc\n    scrape: HERE\n")
    config = load.correlator(write(told.replace("HERE", "de.example:9464")))
    assert config.agents[0].scrape == "de.example:9464"
    said = complaint(write(told.replace("HERE", "https://de.example")), load.correlator)
    assert "agents[0].scrape: is 'https://de.example'; it must be host:port" in said


def test_a_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    monkeypatch.setenv("WFW_TOKEN", "s3cret")
    config = load.agent(write(AGENT.replace("abc", "${WFW_TOKEN}")))
    assert load.token(config.uplink) == "s3cret"
    assert "s3cret" not in repr(load.token(config.uplink))


def test_a_token_comes_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    assert load.token(Uplinking(url="https://a", token_file=str(file))) == "s3cret"
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not plain ASCII"):
        load.token(Uplinking(url="https://a", token_file=str(file)))
    file.write_text("")
    with pytest.raises(ConfigError, match="is empty"):
        load.token(Uplinking(url="https://a", token_file=str(file)))


def test_the_digest_of_a_token_is_its_sha256() -> None:
    vantage = Vantage(id="a", country="DE", asn=1)
    agent = EnrolledAgent(vantage=vantage, token=Secret("abc"))
    assert load.digest(agent).startswith("ba7816bf8f01cfea")


class Nested(Section, frozen=True, kw_only=True):
    inner: tuple["Nested", ...] = ()


def test_any_shape_is_read(write: Write) -> None:
    assert load.read(write("inner: [{}, {inner: [{}]}]\n"), Nested) == Nested(
        inner=(Nested(), Nested(inner=(Nested(),)))
    )


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_holds_the_answer_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        load.agent(path)


def test_the_catalogue_that_is_shipped_is_good() -> None:
    shipped = Path(__file__).parents[2] / "configs" / "services.yaml"
    catalogue = load.catalogue(shipped)
    assert isinstance(catalogue, Catalogue)
    assert msgspec.structs.asdict(catalogue)["controls"]
