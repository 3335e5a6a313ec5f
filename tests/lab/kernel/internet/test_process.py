from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from probe.lab.answers import NOTICE_PAGE
from probe.lab.kernel.internet.interference import known
from probe.lab.kernel.internet.process import InternetError
from tests.lab.kernel.inside import ENVIRONMENT, child, needs_namespaces
from tests.lab.kernel.scene import PROXIED

pytestmark = needs_namespaces

Seen = dict[str, object]
Sights = dict[str, Seen]

SILENCE, REFUSED, UNREACHABLE = "TimeoutError None", "ConnectionRefusedError 111", "OSError 113"
RESET = "ConnectionResetError 104"
TRUE, TRUE_V6 = "NOERROR 45.60.1.1", "NOERROR 2a0e:1::1"
WELL = "HTTP/1.1 200 OK: 30000 bytes"
SECURE = f"{WELL}, then SSLEOFError 8"
"""The test's server ends without a close_notify."""

DROPPED: Seen = {"v4": SILENCE, "v6": SILENCE, "port80": SILENCE}
SAID: Seen = {
    "v4": f"tls: {RESET}",
    "v6": f"tls: {RESET}",
    "pieces": f"tls: {RESET}",
    "elsewhere": f"tls: {RESET}",
}
HUNG: Seen = {
    "v4": f"tls: {SILENCE}",
    "v6": f"tls: {SILENCE}",
    "pieces": f"tls: {SILENCE}",
    "elsewhere": f"tls: {SILENCE}",
}
STALLED: Seen = dict.fromkeys(("v4", "v6", "pieces", "elsewhere"), f": , then {SILENCE}")
OFFLINE: Seen = {"foreign": SILENCE, "public": []}
DEAF: Seen = {**OFFLINE, "domestic": SILENCE, "resolver": []}


def dns(*answers: str, subdomain: tuple[str, ...] = (), aaaa: tuple[str, ...] = ()) -> Seen:
    both = list(answers)
    return {"isp": both, "public": both, "subdomain": list(subdomain), "aaaa": list(aaaa)}


def notice(status: str, location: str = "") -> Seen:
    page = f"HTTP/1.1 {status}{location}: {NOTICE_PAGE}"
    return {"plain": page, "v6": page, "tls": f"tls: {RESET}"}


BOGON, LEAK, SUNK = "NOERROR 10.66.0.1", "NOERROR 10.10.34.35", "NOERROR 11.0.2.1"
FORGED = ("NOERROR 31.13.94.37", "NOERROR 162.125.2.5")
FORGED_V6 = "NOERROR 2001::1f0d:5e25"

DIFFERENT: Sights = {
    "dns.empty_noerror": dns("NOERROR", subdomain=("NOERROR",), aaaa=("NOERROR",)),
    "dns.injection.blockpage_ip": dns(
        "NOERROR 45.60.9.9", subdomain=("NOERROR 45.60.9.9",), aaaa=("NOERROR",)
    ),
    "dns.injection.bogon": dns(
        BOGON, TRUE, subdomain=(BOGON, "NOERROR"), aaaa=("NOERROR fd00::11", TRUE_V6)
    ),
    "dns.injection.double_answer": dns(
        *FORGED, TRUE, subdomain=(*FORGED, "NOERROR"), aaaa=(FORGED_V6, FORGED_V6, TRUE_V6)
    ),
    "dns.encrypted_dns_block": {"port": SILENCE, "name": f"tls: {RESET}"},
    "dns.nxdomain": dns("NXDOMAIN", subdomain=("NXDOMAIN",), aaaa=("NXDOMAIN",)),
    "dns.refused_servfail": dns("REFUSED", subdomain=("REFUSED",), aaaa=("REFUSED",)),
    "dns.timeout": dns(),
    "dns.resolver_rewrite_all_resolvers": dns(
        "NOERROR 45.60.9.9", subdomain=("NOERROR 45.60.9.9",), aaaa=("NOERROR",)
    ),
    "dns.cache_pollution_outside": {
        "isp": [FORGED[0]],
        "subdomain": [FORGED[0]],
        "aaaa": [FORGED_V6],
    },
    "dns.handshake_accepting_sinkhole": dns(
        SUNK, TRUE, subdomain=(SUNK, "NOERROR"), aaaa=(FORGED_V6, TRUE_V6)
    ),
    "scope.transit_leak": dns(
        LEAK, TRUE, subdomain=(LEAK, "NOERROR"), aaaa=("NOERROR fd00::11", TRUE_V6)
    ),
    "quic.udp443_block": dict.fromkeys(("named", "named elsewhere", "swapped"), SILENCE),
    "quic.sni_block": dict.fromkeys(("named", "named elsewhere"), SILENCE),
    "scope.ipv4_vs_ipv6": {"v4": SILENCE, "port80": SILENCE},
    "scope.per_isp": SAID,
    "scope.regional": SAID,
    "scope.collateral_substring": SAID,
    "residual.4tuple": HUNG,
    "server.geoblock_low_layer": DROPPED,
    "tcp.port_protocol_filter": dict.fromkeys(
        ("v4", "v6", "pieces", "swapped"), f"tls: {SILENCE}"
    ),
    "http.transparent_proxy": dict.fromkeys(("plain", "neutral"), f"HTTP/1.1 200 OK: {PROXIED}"),
    "http.empty_or_truncated": dict.fromkeys(("plain", "v6"), "HTTP/1.1 200 OK: <!doctype"),
    "local.clock_skew": dict.fromkeys(
        ("v4", "v6", "pieces", "swapped", "elsewhere"), f"tcp: {REFUSED}"
    ),  # a port at which nobody listens in this small world
    "local.ipv6_broken": {"v6": SILENCE},
    "ip.nullroute": DROPPED,
    "ip.nullroute.unreachable": dict.fromkeys(("v4", "v6", "port80"), UNREACHABLE),
    "ip.bgp_hijack_blackhole": DROPPED,
    "ip.partial_list": {"v4": SILENCE, "port80": SILENCE},
    "ip.shutdown_bgp": {**DEAF, "mobile": SILENCE, "into": SILENCE},
    "ip.curfew_schedule": DEAF,
    "ip.shutdown_stealth": {**OFFLINE, "mobile": SILENCE, "into": SILENCE},
    "ip.shutdown_mobile_only": {"mobile": SILENCE},
    "ip.allowlist": {"public": [], "into": SILENCE},
    "tcp.rst_on_syn": dict.fromkeys(("v4", "v6", "port80"), REFUSED),
    "tcp.syn_drop": dict.fromkeys(("v4", "v6"), SILENCE),
    "tls.sni_rst": SAID,
    "tls.sni_drop": HUNG,
    "tls.sni_tail_freeze": STALLED,
    "tls.mitm_cert": {
        "v4": "tls: certificate 20",
        "v6": f"tcp: {SILENCE}",
        "pieces": "tls: certificate 20",
        "swapped": "tls: certificate 20",
    },
    "http.host_rst": {"plain": f": , then {RESET}", "v6": f": , then {RESET}"},
    "http.blockpage_200": notice("200 OK"),
    "http.redirect_302": notice("302 Found", " Location: http://notice.example.tr/"),
    "http.403_injected": notice("403 Forbidden"),
    "http.451": notice("451 Unavailable For Legal Reasons"),
    "local.resolver_broken": {**dns(), "neutral": []},
    "local.captive_portal": {
        "plain": f"HTTP/1.1 200 OK: {NOTICE_PAGE}",
        "neutral": f"HTTP/1.1 200 OK: {NOTICE_PAGE}",
        "v6": SILENCE,
        "tls": "tls: certificate 20",
    },
}
"""What is seen otherwise than in peace; all the rest must be as in peace."""
HEARD: Seen = {
    "named": "heard", "named elsewhere": "heard", "swapped": "heard", "over tcp": SECURE,
    "abroad": "heard",
}  # fmt: skip
PEACE: Sights = {
    "quic.": HEARD,
    "dns.": {
        **dns(TRUE, subdomain=("NOERROR",), aaaa=(TRUE_V6,)),
        "neutral": ["NOERROR 45.60.1.2"],
        "abroad": [TRUE],
    },
    "dns.encrypted": {
        **dict.fromkeys(("port", "abroad"), REFUSED),
        "name": "tls: certificate 62",
        "another": SECURE,
        "plain": [TRUE],
    },  # nobody listens there in this small world
    "tcp.": dict.fromkeys(("v4", "v6", "port80", "neutral", "abroad"), "connected"),
    "tls.": dict.fromkeys(("v4", "v6", "pieces", "swapped", "elsewhere", "abroad"), SECURE),
    "http.": {**dict.fromkeys(("plain", "v6", "neutral", "abroad"), WELL), "tls": SECURE},
    "ip.shutdown": {
        **dict.fromkeys(("foreign", "domestic", "mobile", "abroad", "into"), "connected"),
        "resolver": ["NOERROR 31.5.0.9"],
        "public": ["NOERROR 31.5.0.9"],
    },
}


WORLDS = 4
"""Played at the same time: most of it is waiting for silence."""


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    outs = [tmp_path_factory.mktemp("sights") for _ in range(WORLDS)]
    worlds = [world(out, known()[number::WORLDS]) for number, out in enumerate(outs)]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in worlds]
    assert ends == [("", 0)] * WORLDS
    seen: Sights = {}
    for out in outs:
        seen |= msgspec.json.decode((out / "sights.json").read_bytes(), type=Sights)
        assert seen["end"] == {"fault": "", "unhit": []}
        assert {kind: seen[kind] for kind in PEACE} == PEACE
        assert seen["lifted"] == PEACE["tls."]
    return seen


def world(out: Path, mechanisms: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.lab.kernel.sights", str(out), *mechanisms]
    return subprocess.Popen(  # noqa: S603 — our own script
        command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("mechanism", sorted(DIFFERENT))
def test_a_client_sees_the_mechanism_and_nothing_else(mechanism: str, sights: Sights) -> None:
    seen = sights[mechanism]
    peace = next(kind for kind in PEACE.values() if kind.keys() == seen.keys())
    assert seen == peace | DIFFERENT[mechanism]


def texts(seen: object) -> list[str]:
    return msgspec.convert(seen, list[str])


def timed(seen: Seen) -> list[tuple[str, float]]:
    return msgspec.convert(list(seen.values()), list[tuple[str, float]])


def test_a_forged_public_address_comes_first_and_the_true_one_after_it(sights: Sights) -> None:
    for resolver in ("isp", "public"):
        forged, true = texts(sights["dns.injection.forged_public"][resolver])
        assert forged not in {TRUE, BOGON}
        assert true == TRUE


def test_what_was_hit_once_takes_no_connection_any_more(sights: Sights) -> None:
    first, second, elsewhere = texts(sights["residual.3tuple"]["in turn"])
    assert (first, second) == (f"tls: {RESET}", f"tcp: {REFUSED}")
    assert elsewhere == "connected"


@pytest.mark.parametrize("mechanism", ["flaky.probabilistic", "flaky.ecmp"])
def test_chance_hits_some_tries_and_not_others(mechanism: str, sights: Sights) -> None:
    assert set(texts(sights[mechanism]["tries"])) == {SECURE, f"tls: {RESET}"}


@pytest.mark.parametrize("mechanism", ["throttle.handshake_delay", "throttle.ip_association"])
def test_added_delay_is_added_each_way_and_only_there(mechanism: str, sights: Sights) -> None:
    (answer, took), (neutral, usual) = timed(sights[mechanism])
    assert (answer, neutral) == (SECURE, SECURE)
    # TCP, TLS 1.3 and HTTP: three round trips; a busy machine adds to the usual time
    assert took - usual > 2.5 * 2 * 0.05
    assert usual < 0.25


def test_policing_pins_the_goodput(sights: Sights) -> None:
    (answer, took), (_, usual) = timed(sights["throttle.sni_policing"])
    assert answer == SECURE
    assert 30_000 / took < 1.7 * 16_250
    assert usual < 0.25


def test_every_mechanism_is_played(sights: Sights) -> None:
    apart = {
        *("dns.injection.forged_public", "flaky.ecmp", "flaky.probabilistic", "residual.3tuple"),
        *("throttle.handshake_delay", "throttle.ip_association", "throttle.sni_policing"),
    }
    assert set(known()) == set(DIFFERENT) | apart
    assert set(known()) <= set(sights)


LIFE = """
import os, sys, socket
from probe.lab.kernel.internet.process import InternetError, start
from probe.lab.kernel.sandbox.wiring import wire
from probe.lab.scenario import Event
from tests.lab.kernel.scene import PLAN
wired = wire(PLAN)
internet = start(PLAN, wired)
"""


def test_an_unknown_mechanism_is_refused_and_the_router_lives_on() -> None:
    script = """
from probe.lab.kernel.internet.interference import UnknownMechanism
try:
    internet.apply("e", Event(at=0, mechanism="ip.telepathy"))
except UnknownMechanism as error:
    print(error)
internet.counters()
internet.stop()
"""
    assert child(LIFE + script).startswith(
        "'ip.telepathy' is no mechanism that the internet can play"
    )


def test_a_router_that_was_killed_is_said_to_be_gone() -> None:
    script = """
import signal
os.kill(internet.pid, signal.SIGKILL)
try:
    internet.counters()
except InternetError as error:
    print(error)
internet.stop()
"""
    assert "the router process" in child(LIFE + script)


def test_stopping_twice_is_harmless() -> None:
    assert child(LIFE + "internet.stop()\ninternet.stop()\nprint('done')") == "done"


def test_the_error_is_one_sentence() -> None:
    assert str(InternetError("it is gone")) == "it is gone"
