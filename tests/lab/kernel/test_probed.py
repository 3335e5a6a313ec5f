"""Debian's blackbox_exporter and our /probe, in one lab and at one vantage: filtered, broken or well, they agree."""

from __future__ import annotations

import shutil
import subprocess
import sys

import msgspec
import pytest

from tests.lab.kernel.inside import ENVIRONMENT, needs_namespaces
from tests.lab.kernel.probed import FAULTS, HERE, INTERFERENCE, NAMES, THERE, Values

EXPORTER = shutil.which("prometheus-blackbox-exporter")
pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(not EXPORTER, reason="prometheus-blackbox-exporter is missing"),
]
Seen = dict[str, dict[str, dict[str, Values]]]

ANSWERED = {
    "well": (1, 200),
    "plain": (1, 200),
    "forbidden": (0, 403),
    "legal": (0, 451),
    "replaced": (0, 200),
    "sent": (0, 200),
    "down": (0, 503),
    "rejecting": (0, 403),
    "wrong": (0, 200),
    "geo": (0, 451),
}
"""probe_success and probe_http_status_code where it is filtered; what is not here gets no answer."""
LOCAL = set(INTERFERENCE) | {"geo"}
"""What happens in one of the two countries alone."""
SAME = (
    *("probe_success", "probe_http_status_code", "probe_http_ssl", "probe_http_version"),
    *("probe_http_redirects", "probe_failed_due_to_regex", "probe_ip_protocol"),
    *("probe_ip_addr_hash", "probe_http_content_length", "probe_http_uncompressed_body_length"),
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    given = [str(tmp_path_factory.mktemp("probed")), str(EXPORTER)]
    done = subprocess.run(  # noqa: S603 — our own script
        [sys.executable, "-m", "tests.lab.kernel.probed", *given],
        env=ENVIRONMENT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=Seen)


def expected(vantage: str, name: str) -> tuple[int, int]:
    well = vantage == THERE and name in LOCAL
    return (1, 200) if well else ANSWERED.get(name, (0, 0))


@pytest.mark.parametrize("vantage", [HERE, THERE])
@pytest.mark.parametrize("name", NAMES)
def test_both_say_what_is_there_and_agree_in_all_else(vantage: str, name: str, seen: Seen) -> None:
    debian, ours = (seen[vantage][program][name] for program in ("debian", "ours"))
    for found in (debian, ours):
        came = found["probe_success"], found["probe_http_status_code"]
        assert came == expected(vantage, name)
    assert {key: ours[key] for key in SAME} == {key: debian[key] for key in SAME}


def test_what_is_played_is_seen_here_and_the_interference_here_alone(seen: Seen) -> None:
    def failing(vantage: str) -> set[str]:
        return {
            name for name, found in seen[vantage]["ours"].items() if not found["probe_success"]
        }

    assert failing(HERE) == INTERFERENCE.keys() | FAULTS.keys()
    assert failing(THERE) == FAULTS.keys() - {"geo"}
