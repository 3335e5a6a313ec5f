"""Write the rules as the Prometheus operator's kind: `python -m deploy.prometheus.operator`, from the root.

With --check it writes nothing and exits 1 where the committed manifest is not what the rules make.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = HERE.parent / "kubernetes/monitoring/prometheusrule.yaml"
HEAD = """\
# Made of deploy/prometheus/rules by `python -m deploy.prometheus.operator`: change those.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: worksforwhom
  # labels: {release: monitoring}     # where the operator's `ruleSelector` asks for some
spec:
  groups:
"""
BEGIN = "groups:\n"


def manifest(rules: Path = HERE / "rules") -> str:
    """Give all rule files as one manifest, their comments too: YAML indented is the same YAML."""
    parts = (_groups(path) for path in sorted(rules.glob("*.yml")))
    return HEAD + "\n".join(parts)


def _groups(path: Path) -> str:
    comment, _, groups = path.read_text(encoding="utf-8").partition(BEGIN)
    return textwrap.indent(comment, "    ") + textwrap.indent(groups, "  ")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="deploy.prometheus.operator", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    if not parser.parse_args(argv).check:
        MANIFEST.write_text(manifest(), encoding="utf-8")
        return 0
    if MANIFEST.read_text(encoding="utf-8") == manifest():
        return 0
    sys.stderr.write(f"{MANIFEST.name}: not what the rules make; run {parser.prog}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
