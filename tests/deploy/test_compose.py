"""The compose file is valid, hardened, and agrees with the configurations it mounts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from probe.config import load
from probe.config.load import ConfigError
from probe.config.shape import ReceiverKind
from probe.transport import certificate, uplink
from probe.transport.listen import Tcp, parse
from tests.deploy.filled import DEPLOY, filled

COMPOSE = DEPLOY / "compose"
FILE = COMPOSE / "compose.yaml"
SECRETS = "/var/lib/worksforwhom-secrets"


class Check(msgspec.Struct, frozen=True):
    test: tuple[str, ...] = ()


class Service(msgspec.Struct):
    image: str
    read_only: bool = False
    privileged: bool = False
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    healthcheck: Check = Check()


class Compose(msgspec.Struct):
    services: dict[str, Service]
    volumes: dict[str, None]


def compose() -> Compose:
    return msgspec.yaml.decode(FILE.read_bytes(), type=Compose)


SERVICES = compose().services


def schema(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)  # noqa: S603


def test_it_is_a_compose_file_by_its_schema() -> None:
    answer = schema(FILE)
    assert answer.returncode == 0, answer.stdout


def test_a_misspelt_key_would_be_found(tmp_path: Path) -> None:
    wrong = tmp_path / FILE.name
    wrong.write_text(FILE.read_text().replace("    mem_limit: 1g", "    memory_limit: 1g"))
    assert "memory_limit" in schema(wrong).stdout


# ── hardening ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service.read_only
    assert not service.privileged
    assert service.cap_drop == ("ALL",)
    assert "no-new-privileges:true" in service.security_opt
    assert not any("docker.sock" in volume for volume in service.volumes)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_by_a_tag(name: str) -> None:
    image = SERVICES[name].image.replace("${WORKSFORWHOM_IMAGE:-", "").rstrip("}")
    assert re.search(r":(?!latest$)[\w.-]+$", image)


@pytest.mark.parametrize("port", [port for s in SERVICES.values() for port in s.ports])
def test_every_port_is_on_loopback_unless_the_operator_says_otherwise(port: str) -> None:
    assert re.fullmatch(r"\$\{WORKSFORWHOM_[A-Z]+:-127\.0\.0\.1:\d+\}:\d+", port)


# ── volumes ──────────────────────────────────────────────────────────────────────────────────


def sources() -> set[str]:
    return {volume.split(":")[0] for s in SERVICES.values() for volume in s.volumes}


def test_every_volume_is_declared_and_used() -> None:
    assert {name for name in sources() if "/" not in name} == set(compose().volumes)


def test_every_mounted_file_of_its_own_is_there() -> None:
    own = [name for name in sources() if name.startswith("./")]
    assert own
    assert [name for name in own if not (COMPOSE / name).exists()] == []


def test_only_the_first_step_sees_the_authoritys_key() -> None:
    seeing = [name for name, s in SERVICES.items() if any("authority:" in v for v in s.volumes)]
    assert seeing == ["prepare"]


def test_secrets_are_mounted_for_reading_alone() -> None:
    mounts = [
        v
        for name, s in SERVICES.items()
        if name != "prepare"
        for v in s.volumes
        if v.split(":")[0] in {"agent-secrets", "correlator-secrets", "trust"}
    ]
    assert len(mounts) == 3
    assert all(mount.endswith(":ro") for mount in mounts)


# ── the configurations it mounts ─────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what `prepare` makes."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run([sys.executable, str(COMPOSE / "prepare.py"), str(folder)], check=True)  # noqa: S603
    return folder


def written(name: str, into: Path, secrets: Path) -> Path:
    return filled(COMPOSE / "config" / name, into, {SECRETS: str(secrets)})


@pytest.mark.parametrize(
    ("name", "read"), [("agent", load.agent), ("correlator", load.correlator)]
)
def test_as_shipped_it_is_refused_and_says_where_to_write(
    name: str, read: Callable[[Path], object]
) -> None:
    with pytest.raises(ConfigError, match=rf"{name}\.yaml:\d+: .*country"):
        read(COMPOSE / f"config/{name}.yaml")


def test_filled_in_the_agent_and_the_correlator_agree(tmp_path: Path, secrets: Path) -> None:
    agent = load.agent(written("agent.yaml", tmp_path, secrets))
    correlator = load.correlator(written("correlator.yaml", tmp_path, secrets))
    (enrolled,) = correlator.agents
    assert enrolled.vantage == agent.vantage
    assert load.token(enrolled) == load.token(agent.uplink)
    assert correlator.tls
    certificate.context(correlator.tls)  # raises where the two files do not belong together
    assert uplink.trust(agent.uplink)
    assert load.catalogue(Path(agent.services)).services


def port(address: str) -> int:
    place = parse(address)
    assert isinstance(place, Tcp)
    return place.port


def test_each_asks_the_other_where_it_listens(tmp_path: Path, secrets: Path) -> None:
    agent = load.agent(written("agent.yaml", tmp_path, secrets))
    correlator = load.correlator(written("correlator.yaml", tmp_path, secrets))
    url = urlsplit(agent.uplink.url)
    assert (url.hostname, url.port) == ("correlator", port(correlator.web.listen))
    published = {int(text.rsplit(":", 1)[1]) for text in SERVICES["correlator"].ports}
    assert published == {port(correlator.web.listen), port(correlator.pages.listen)}
    health = urlsplit(SERVICES["correlator"].healthcheck.test[-1])
    assert (health.scheme, health.port) == ("https", port(correlator.web.listen))
    scraped = (COMPOSE / "prometheus/prometheus.yml").read_text()
    assert f'targets: ["correlator:{port(correlator.web.listen)}"]' in scraped
    here = (COMPOSE / "prometheus/targets/here.yaml").read_text()
    assert f'targets: ["agent:{port(agent.web.listen)}"]' in here


# ── Prometheus, Alertmanager, Grafana ────────────────────────────────────────────────────────

PROMTOOL, AMTOOL = shutil.which("promtool"), shutil.which("amtool")


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus brings it)")
def test_prometheus_takes_its_configuration() -> None:
    command = [str(PROMTOOL), "check", "config", "--syntax-only"]
    path = COMPOSE / "prometheus/prometheus.yml"
    answer = subprocess.run([*command, path], capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(
    not AMTOOL, reason="amtool is missing (Debian's prometheus-alertmanager brings it)"
)
def test_alertmanager_takes_its_configuration() -> None:
    path = mounted("alertmanager", "/etc/alertmanager") / "alertmanager.yml"
    command = [str(AMTOOL), "check-config", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stderr


def mounted(name: str, target: str) -> Path:
    """Give what a service sees there."""
    (source,) = (v.split(":")[0] for v in SERVICES[name].volumes if v.split(":")[1] == target)
    return (COMPOSE / source).resolve()


def test_the_rules_and_the_routes_are_the_shipped_ones_and_no_copies() -> None:
    assert mounted("alertmanager", "/etc/alertmanager") == DEPLOY / "alertmanager"
    assert mounted("prometheus", "/srv/worksforwhom/prometheus") == DEPLOY / "prometheus"


def test_the_correlator_tells_the_alertmanager_beside_it(tmp_path: Path, secrets: Path) -> None:
    correlator = load.correlator(written("correlator.yaml", tmp_path, secrets))
    (receiver,) = correlator.webhooks.receivers
    place = urlsplit(str(receiver.url))
    assert receiver.kind is ReceiverKind.ALERTMANAGER
    assert place.hostname in SERVICES
    assert (COMPOSE / "prometheus/prometheus.yml").read_text().count(f'["{place.netloc}"]') == 2


class Source(msgspec.Struct):
    uid: str
    type: str
    url: str


class Sources(msgspec.Struct, rename="camel"):
    api_version: int
    datasources: tuple[Source, ...]


class Options(msgspec.Struct):
    path: str


class Provider(msgspec.Struct):
    type: str
    options: Options


class Providers(msgspec.Struct, rename="camel"):
    api_version: int
    providers: tuple[Provider, ...]


def provisioning(name: str) -> bytes:
    return (COMPOSE / "grafana/provisioning" / name).read_bytes()


def test_grafana_is_pointed_at_services_that_are_there() -> None:
    held = msgspec.yaml.decode(provisioning("datasources/prometheus.yaml"), type=Sources)
    assert [source.uid for source in held.datasources] == ["prometheus", "alertmanager"]
    assert {urlsplit(source.url).hostname for source in held.datasources} <= set(SERVICES)


def test_grafana_reads_dashboards_from_where_they_are_mounted() -> None:
    held = msgspec.yaml.decode(provisioning("dashboards/worksforwhom.yaml"), type=Providers)
    mounted = {volume.split(":")[1] for volume in SERVICES["grafana"].volumes}
    assert {provider.options.path for provider in held.providers} <= mounted
