"""The Prometheus operator's PrometheusRule says what the rule files say, and is one by its schema."""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from deploy.prometheus import operator
from tests.deploy.rules import PROMTOOL, RULE_FILES, needs_promtool, ran

KUBECTL = shutil.which("kubectl")
DURATION = (
    r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"
)
DNS_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
ETCD_BYTES = 262_144
"""What `kubectl apply` can keep of a manifest in its annotation."""

Duration = Annotated[str, Meta(pattern=DURATION, min_length=1)]
Texts = dict[str, str]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"duration": "for"}):
    """As the operator's CustomResourceDefinition has it (monitoring.coreos.com/v1)."""

    expr: str
    record: str = ""
    alert: str = ""
    duration: Duration = "0"
    keep_firing_for: Duration = "0"
    labels: Texts = {}
    annotations: Texts = {}


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]
    rules: tuple[Rule, ...]
    interval: Duration = "0"
    limit: int = 0
    query_offset: Duration = "0"
    partial_response_strategy: str = ""


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: tuple[Group, ...]


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=DNS_NAME, max_length=253)]
    namespace: str = ""
    labels: Texts = {}
    annotations: Texts = {}


class PrometheusRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    api_version: str
    kind: str
    metadata: Metadata
    spec: Spec


def committed() -> PrometheusRule:
    return msgspec.yaml.decode(operator.MANIFEST.read_bytes(), type=PrometheusRule)


def test_it_has_every_group_of_the_rule_files_and_no_other() -> None:
    files = [msgspec.yaml.decode(path.read_bytes(), type=Spec).groups for path in RULE_FILES]
    held = committed()
    assert (held.api_version, held.kind) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert held.spec.groups == tuple(chain.from_iterable(files))
    assert len({group.name for group in held.spec.groups}) == len(held.spec.groups)
    assert operator.MANIFEST.stat().st_size < ETCD_BYTES


def test_the_committed_manifest_is_what_the_rules_make() -> None:
    assert operator.main(["--check"]) == 0


def test_a_manifest_left_behind_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(operator.MANIFEST.read_text().replace("for: 3m", "for: 4m", 1))
    monkeypatch.setattr(operator, "MANIFEST", old)
    assert operator.main(["--check"]) == 1
    assert "old.yaml: not what the rules make" in capsys.readouterr().err
    assert operator.main([]) == 0
    assert operator.main(["--check"]) == 0


def test_a_misspelt_field_and_a_duration_that_is_none_would_be_found() -> None:
    text = operator.MANIFEST.read_text()
    for wrong in (text.replace("annotations:", "anotations:", 1), text.replace("3m", "soon", 1)):
        with pytest.raises(msgspec.ValidationError):
            msgspec.yaml.decode(wrong, type=PrometheusRule)


@pytest.mark.skipif(not KUBECTL, reason="kubectl is missing")
def test_the_component_brings_it_along(tmp_path: Path) -> None:
    shutil.copytree(operator.MANIFEST.parents[1], tmp_path / "kubernetes")
    chosen = tmp_path / "kubernetes/kustomization.yaml"
    chosen.write_text(chosen.read_text().replace("# components:", "components:"))
    built = ran(KUBECTL, "kustomize", chosen.parent)
    assert built.returncode == 0, built.stderr
    kinds = [line.partition(" ")[2] for line in built.stdout.splitlines() if line[:5] == "kind:"]
    assert (kinds.count("PrometheusRule"), kinds.count("ServiceMonitor")) == (1, 2)
    assert "{{ $labels.instance }}" in built.stdout


@needs_promtool
def test_prometheus_takes_what_the_operator_would_write(tmp_path: Path) -> None:
    """The operator hands `spec` to Prometheus as a rule file."""
    plain = msgspec.yaml.decode(operator.MANIFEST.read_bytes(), type=dict[str, object])
    path = tmp_path / "operator.yaml"
    path.write_bytes(msgspec.yaml.encode(plain["spec"]))
    answer = ran(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
