"""What /probe gives is what blackbox_exporter would call by those names."""

from datetime import UTC, datetime

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from probe.metrics.ondemand import Seen, exposition, fnv1a
from probe.metrics.run import Run
from probe.model import Certificate, Failure, Header, HttpExchange, TlsHandshake

AT = datetime(2026, 11, 21, tzinfo=UTC)
LEAF = Certificate(
    sha256="ab", subject='CN="x"', issuer="CN=y", names=("a", "b"), not_before=AT, not_after=AT
)


def answer(*headers: tuple[str, str]) -> HttpExchange:
    told = tuple(Header(name=name, value=value) for name, value in headers)
    return HttpExchange(at=AT, took=1, url="", address="", status=200, headers=told)


def shake(version: str = "TLSv1.3", failure: Failure | None = None) -> TlsHandshake:
    return TlsHandshake(
        at=AT, took=1, address="", port=443, server_name="a",
        version=version, cipher="TLS_AES_128_GCM_SHA256", chain=(LEAF,), failure=failure,
    )  # fmt: skip


def values(seen: Seen) -> dict[str, float]:
    families = text_string_to_metric_families(exposition(seen).decode())
    return {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if "phase" not in sample.labels
    }


def test_a_failed_probe_has_its_figures_and_nothing_made_up() -> None:
    found = values(Seen(Run(at=AT), timeout=9.5))
    assert (found["probe_success"], found["probe_timeout_seconds"]) == (0, 9.5)
    assert found["probe_ip_addr_hash"] == 0
    assert "probe_tls_version_info" not in found
    assert found["probe_http_content_length"] == 0
    assert "probe_last_run_timestamp_seconds" not in found


@pytest.mark.parametrize(
    ("headers", "length"),
    [((("Content-Length", "12"),), 12), ((), -1), ((("Content-Length", "x"),), -1)],
)
def test_the_length_announced(headers: tuple[tuple[str, str], ...], length: float) -> None:
    found = values(Seen(Run(at=AT), 1, answer=answer(*headers)))
    assert found["probe_http_content_length"] == length


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_no_length(status: int) -> None:
    bare = msgspec.structs.replace(answer(), status=status)
    assert values(Seen(Run(at=AT), 1, answer=bare))["probe_http_content_length"] == 0


def test_a_peer_without_certificates_has_no_chain() -> None:
    bare = msgspec.structs.replace(shake(), chain=())
    found = values(Seen(Run(at=AT), 1, shake=bare))
    assert found["probe_tls_version_info"] == 1
    assert "probe_ssl_last_chain_info" not in found


def test_the_last_change() -> None:
    name = "probe_http_last_modified_timestamp_seconds"
    date = ("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")
    assert values(Seen(Run(at=AT), 1, answer=answer(date)))[name] == AT.timestamp()
    bad = answer(("Last-Modified", "yesterday"))
    assert name not in values(Seen(Run(at=AT), 1, answer=bad))


@pytest.mark.parametrize(
    ("version", "name"), [("TLSv1.3", "TLS 1.3"), ("TLSv1.2", "TLS 1.2"), ("TLSv1", "TLS 1.0")]
)
def test_tls_has_go_s_names(version: str, name: str) -> None:
    text = exposition(Seen(Run(at=AT), 1, shake=shake(version))).decode()
    assert f'probe_tls_version_info{{version="{name}"}} 1.0' in text
    assert r'subject="CN=\"x\""' in text
    assert 'subjectalternative="a,b"' in text


def test_an_unverified_chain_has_no_end_but_the_certificate_is_told() -> None:
    refused = shake(failure=Failure(name="ssl_unknown_authority"))
    found = values(Seen(Run(at=AT), 1, shake=refused))
    assert found["probe_ssl_last_chain_expiry_timestamp_seconds"] == -62135596800
    assert found["probe_ssl_last_chain_info"] == 1
    well = values(Seen(Run(at=AT), 1, shake=shake()))
    assert well["probe_ssl_last_chain_expiry_timestamp_seconds"] == AT.timestamp()


def test_addresses_are_hashed_as_go_does() -> None:
    """Test vectors of the FNV draft."""
    assert (fnv1a(b""), fnv1a(b"a"), fnv1a(b"foobar")) == (0x811C9DC5, 0xE40C292C, 0xBF9CF968)
