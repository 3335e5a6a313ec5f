"""The manifests are valid for every Kubernetes they name, hardened, and agree with each other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

import probe
from probe.config import load
from probe.config.load import ConfigError
from probe.transport.listen import Tcp, parse
from tests.deploy.filled import DEPLOY, filled

FOLDER = DEPLOY / "kubernetes"
VERSIONS = ("1.27", "1.30", "1.33", "1.37")
"""The oldest that is named in README.md, the newest with a schema, and some between."""
KUBECTL = shutil.which("kubectl")
FOLDERS = sorted(path.parent for path in FOLDER.rglob("kustomization.yaml"))


class Kustomization(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What of a kustomization is used here; anything else would be a slip of the pen."""

    api_version: str
    kind: str
    namespace: str = ""
    resources: tuple[str, ...] = ()
    config_map_generator: tuple[Generator, ...] = ()
    images: tuple[Image, ...] = ()


class Generator(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    files: tuple[str, ...]


class Image(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str
    new_name: str
    new_tag: str


def kustomization(folder: Path) -> Kustomization:
    return msgspec.yaml.decode((folder / "kustomization.yaml").read_bytes(), type=Kustomization)


def manifests(folder: Path) -> list[Path]:
    named = (folder / name for name in kustomization(folder).resources)
    return [path for path in named if path.is_file()]


OF_KUBERNETES = [p for f in FOLDERS if f.name != "monitoring" for p in manifests(f)]


# ── schemas ──────────────────────────────────────────────────────────────────────────────────


def schema(version: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version]
    return subprocess.run(  # noqa: S603
        [*command, *map(str, paths)], capture_output=True, text=True, check=False
    )


def documents(path: Path) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.yaml.encode(d)) for d in yaml.safe_load_all(path.read_text())]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid_by_its_schema(version: str) -> None:
    answer = schema(version, *OF_KUBERNETES)
    told = answer.stdout + answer.stderr
    assert answer.returncode == 0, told
    assert told.count(" passed for ") == sum(len(documents(path)) for path in OF_KUBERNETES), told


def test_a_misspelt_field_would_be_found(tmp_path: Path) -> None:
    wrong = tmp_path / "deployment.yaml"
    text = (FOLDER / "agent/deployment.yaml").read_text()
    wrong.write_text(text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"))
    answer = schema(VERSIONS[-1], wrong)
    assert answer.returncode != 0
    assert "readOnlyRootFileSystem" in answer.stdout + answer.stderr


class Relabeling(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    target_label: str = ""
    replacement: str = ""
    action: str = "replace"
    regex: str = ""


class TlsConfig(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    server_name: str


class ScrapedEndpoint(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    port: str
    interval: str
    relabelings: tuple[Relabeling, ...]
    scheme: str = "http"
    tls_config: TlsConfig | None = None


class Selector(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    match_labels: dict[str, str]


class Monitored(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    job_label: str
    selector: Selector
    endpoints: tuple[ScrapedEndpoint, ...]


class Named(msgspec.Struct):
    name: str
    labels: dict[str, str] = {}


class ServiceMonitor(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """As far as it is used here: the operator's own schema is in no package."""

    api_version: str
    kind: str
    metadata: Named
    spec: Monitored


def test_every_service_monitor_finds_one_service_and_a_port_of_it() -> None:
    held = documents(FOLDER / "monitoring/servicemonitors.yaml")
    for monitor in (msgspec.yaml.decode(raw, type=ServiceMonitor) for raw in held):
        wanted = monitor.spec.selector.match_labels.items()
        (service,) = (s for s in services() if wanted <= s.metadata.labels.items())
        assert {e.port for e in monitor.spec.endpoints} <= {p.name for p in service.spec.ports}


def test_no_label_of_the_operators_pushes_aside_one_of_the_metrics() -> None:
    held = documents(FOLDER / "monitoring/servicemonitors.yaml")
    for monitor in (msgspec.yaml.decode(raw, type=ServiceMonitor) for raw in held):
        for endpoint in monitor.spec.endpoints:
            assert ("labeldrop", "service|endpoint") in [
                (step.action, step.regex) for step in endpoint.relabelings
            ]


# ── the kustomize layout ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_that_is_named_is_there_and_all_that_is_there_is_named(folder: Path) -> None:
    held = kustomization(folder)
    generated = {name for generator in held.config_map_generator for name in generator.files}
    named = {*held.resources, *generated}
    assert [name for name in named if not (folder / name).exists()] == []
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert there == {name for name in named if (folder / name).is_file()}


@pytest.mark.skipif(not KUBECTL, reason="kubectl is missing")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kustomize_builds_it_and_what_it_builds_is_valid(folder: Path, tmp_path: Path) -> None:
    command = [str(KUBECTL), "kustomize", str(folder)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert built.returncode == 0, built.stderr
    made = tmp_path / "made.yaml"
    made.write_text(built.stdout)
    if folder.name != "monitoring":
        assert schema(VERSIONS[-1], made).returncode == 0


# ── what the pods may ────────────────────────────────────────────────────────────────────────


class Seccomp(msgspec.Struct):
    type: str


class PodSecurity(msgspec.Struct, rename="camel"):
    run_as_non_root: bool
    run_as_user: int
    seccomp_profile: Seccomp


class Capabilities(msgspec.Struct):
    drop: tuple[str, ...]


class Security(msgspec.Struct, rename="camel"):
    allow_privilege_escalation: bool
    read_only_root_filesystem: bool
    capabilities: Capabilities


class Port(msgspec.Struct, rename="camel"):
    name: str
    container_port: int


class Mount(msgspec.Struct, rename="camel"):
    name: str
    mount_path: str


class Resources(msgspec.Struct):
    limits: dict[str, str]


class Container(msgspec.Struct, rename="camel"):
    image: str
    args: tuple[str, ...]
    ports: tuple[Port, ...]
    resources: Resources
    security_context: Security
    volume_mounts: tuple[Mount, ...]


class Pod(msgspec.Struct, rename="camel"):
    automount_service_account_token: bool
    security_context: PodSecurity
    containers: tuple[Container, ...]


class Template(msgspec.Struct):
    metadata: Labelled
    spec: Pod


class Labelled(msgspec.Struct):
    labels: dict[str, str]


class WorkloadSpec(msgspec.Struct):
    replicas: int
    selector: Selector
    template: Template


class Workload(msgspec.Struct):
    metadata: Named
    spec: WorkloadSpec


class ServicePort(msgspec.Struct, rename="camel"):
    name: str
    target_port: str


class ServiceSpec(msgspec.Struct):
    selector: dict[str, str]
    ports: tuple[ServicePort, ...]


class Service(msgspec.Struct):
    metadata: Named
    spec: ServiceSpec


def workload(name: str) -> Workload:
    kinds = {"agent": "deployment", "correlator": "statefulset"}
    path = FOLDER / name / f"{kinds[name]}.yaml"
    return msgspec.yaml.decode(path.read_bytes(), type=Workload)


def services() -> list[Service]:
    paths = (FOLDER / "agent/service.yaml", FOLDER / "correlator/services.yaml")
    return [msgspec.yaml.decode(raw, type=Service) for path in paths for raw in documents(path)]


both = pytest.mark.parametrize("name", ["agent", "correlator"])


@both
def test_a_pod_meets_the_restricted_standard_and_more(name: str) -> None:
    pod = workload(name).spec.template.spec
    assert not pod.automount_service_account_token
    assert pod.security_context.run_as_non_root
    assert (
        f"USER {pod.security_context.run_as_user}:" in (DEPLOY / "docker/Dockerfile").read_text()
    )
    assert pod.security_context.seccomp_profile.type == "RuntimeDefault"
    (container,) = pod.containers
    assert not container.security_context.allow_privilege_escalation
    assert container.security_context.read_only_root_filesystem
    assert container.security_context.capabilities.drop == ("ALL",)
    assert "memory" in container.resources.limits


def test_an_agents_processor_time_is_not_limited() -> None:
    (container,) = workload("agent").spec.template.spec.containers
    assert "cpu" not in container.resources.limits


@both
def test_one_pod_whose_labels_are_what_is_selected(name: str) -> None:
    held = workload(name).spec
    assert held.replicas == 1
    assert held.selector.match_labels == held.template.metadata.labels


def test_every_service_reaches_a_port_of_a_pod() -> None:
    pods = {name: workload(name).spec.template for name in ("agent", "correlator")}
    for service in services():
        (pod,) = (p for p in pods.values() if p.metadata.labels == service.spec.selector)
        there = {port.name for port in pod.spec.containers[0].ports}
        assert {port.target_port for port in service.spec.ports} <= there


@both
def test_the_image_is_named_and_pinned_where_a_kustomization_sets_it(name: str) -> None:
    (image,) = kustomization(FOLDER / name).images
    (container,) = workload(name).spec.template.spec.containers
    assert container.image == image.name
    assert image.new_tag not in {"", "latest"}


# ── the configurations ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "read"), [("agent", load.agent), ("correlator", load.correlator)]
)
def test_as_shipped_it_is_refused_and_says_where_to_write(
    name: str, read: Callable[[Path], object]
) -> None:
    with pytest.raises(ConfigError, match=rf"{name}\.yaml:\d+: .*country"):
        read(FOLDER / name / f"{name}.yaml")


def listening(address: str) -> int:
    place = parse(address)
    assert isinstance(place, Tcp)
    return place.port


def test_filled_in_the_two_agree_with_the_pods(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token")
    moved = {"/run/secrets/worksforwhom": str(tmp_path)}
    agent = load.agent(filled(FOLDER / "agent/agent.yaml", tmp_path, moved))
    correlator = load.correlator(filled(FOLDER / "correlator/correlator.yaml", tmp_path, moved))
    assert [enrolled.vantage for enrolled in correlator.agents] == [agent.vantage]
    ports = {
        name: {
            p.name: p.container_port for p in workload(name).spec.template.spec.containers[0].ports
        }
        for name in ("agent", "correlator")
    }
    assert ports["agent"] == {"metrics": listening(agent.web.listen)}
    assert ports["correlator"] == {
        "intake": listening(correlator.web.listen),
        "pages": listening(correlator.pages.listen),
    }


@both
def test_state_and_secrets_are_where_the_configuration_looks(name: str) -> None:
    (container,) = workload(name).spec.template.spec.containers
    mounted = {mount.mount_path for mount in container.volume_mounts}
    text = (FOLDER / name / f"{name}.yaml").read_text()
    assert container.args == (name, f"/etc/worksforwhom/{name}.yaml")
    assert {"/etc/worksforwhom", "/run/secrets/worksforwhom", "/var/lib/worksforwhom"} <= mounted
    assert "path: /var/lib/worksforwhom/" in text
    assert "/run/secrets/worksforwhom/" in text


def test_what_is_installed_by_a_release_is_that_release() -> None:
    tags = {image.new_tag for folder in FOLDERS for image in kustomization(folder).images}
    assert tags == {probe.__version__}
