"""A real Prometheus finds the probe hosts where the correlator names them, by its token."""

from __future__ import annotations

import sys
import urllib.parse
from pathlib import Path

import msgspec

from tests.deploy.filled import DEPLOY, ROOT
from tests.deploy.live import Answer, answers, free_ports, got, running, until
from tests.deploy.rules import PROMETHEUS, needs_prometheus

READER = "the-token-of-who-reads-addresses"
CORRELATOR = """
agents:
  - vantage: {{id: de-1, country: DE, asn: 3320, kind: mobile}}
    token: a-token-that-is-long-enough-for-it
    scrape: "127.0.0.1:{metrics}"
services: {root}/configs/services.yaml
web: {{listen: "127.0.0.1:{web}"}}
metrics: {{listen: "127.0.0.1:{metrics}"}}
discovery: {{token: {reader}}}
"""


@needs_prometheus
def test_the_hosts_are_found_with_their_labels(tmp_path: Path) -> None:
    web, metrics, port = free_ports(3)
    text = CORRELATOR.format(web=web, metrics=metrics, root=ROOT, reader=READER)
    (tmp_path / "correlator.yaml").write_text(text)
    (tmp_path / "sd-token").write_text(READER)
    shipped = (DEPLOY / "prometheus/scrape/http_sd.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        + shipped.replace("https://correlator.example.org:8420", f"http://127.0.0.1:{metrics}")
    )
    correlator = [sys.executable, "-m", "probe", "correlator", str(tmp_path / "correlator.yaml")]
    prometheus = [
        str(PROMETHEUS),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'samples'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    asked = urllib.parse.urlencode({"query": "up == 1"})

    def found() -> list[dict[str, str]]:
        answer = got(f"http://127.0.0.1:{port}/api/v1/query?{asked}")
        return [sample.metric for sample in msgspec.json.decode(answer, type=Answer).data.result]

    with running("correlator", correlator, tmp_path):
        until(lambda: answers(metrics, "/-/healthy"), "the correlator answers")
        with running("prometheus", prometheus, tmp_path):
            until(lambda: answers(port, "/-/ready"), "Prometheus answers")
            until(found, "the host is scraped")
            assert found() == [
                {
                    "__name__": "up",
                    "job": "worksforwhom-agent",
                    "instance": f"127.0.0.1:{metrics}",
                    "country": "DE",
                    "asn": "3320",
                    "network_kind": "mobile",
                }
            ]
