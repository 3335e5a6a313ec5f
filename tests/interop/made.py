"""Records as OONI's probe writes them, small and made up, for the tests of reading and judging.

The world: www.example.com is 93.184.216.34 in AS15133; the vantage is AS137 in Italy.
"""

from __future__ import annotations

import copy

import msgspec

Json = dict[str, object]
SITE, STRANGER = "93.184.216.34", "83.224.65.41"
SITE_AS, STRANGER_AS = 15133, 30722
NAME = "www.example.com"
PAGE = (
    "<html><head><title>Default Web Page</title></head><body>" + "word " * 290 + "</body></html>"
)
NOTE = "<html><head><title>Access Denied</title></head><body>not in your country</body></html>"


def query(
    *addresses: str, engine: str = "getaddrinfo", failure: str | None = None, asn: int = SITE_AS,
    name: str = NAME, depth: int = 0,
) -> Json:  # fmt: skip
    return {
        "engine": engine, "hostname": name, "query_type": "ANY" if engine == "getaddrinfo" else "A",
        "failure": failure, "resolver_address": {"doh": "https://dns.google/dns-query", "udp": "8.8.8.8:53"}.get(engine, ""),
        "answers": [{"answer_type": "A", "ipv4": a, "asn": asn} for a in addresses] or None,
        "t": 0.1, "t0": 0.05, "tags": [f"depth={depth}"],
    }  # fmt: skip


def tcp(ip: str = SITE, port: int = 443, failure: str | None = None, depth: int = 0) -> Json:
    status = {"success": failure is None, "failure": failure}
    return {
        "ip": ip,
        "port": port,
        "status": status,
        "t": 0.2,
        "tags": [f"depth={depth}", "fetch_body=true"],
    }


def tls(
    ip: str = SITE,
    failure: str | None = None,
    name: str = NAME,
    depth: int = 0,
    *,
    only: bool = False,
) -> Json:
    tags = [f"depth={depth}", f"fetch_body={'false' if only else 'true'}"]
    return {
        "address": f"{ip}:443",
        "server_name": name,
        "failure": failure,
        "t": 0.4,
        "tags": tags,
    }


def http(  # noqa: PLR0913 — a record of its fields
    url: str = f"https://{NAME}/", code: int | None = 200, body: str = PAGE, *, ip: str = SITE,
    failure: str | None = None, headers: dict[str, str] | None = None, depth: int = 0, cut: bool = False,
) -> Json:  # fmt: skip
    port = 443 if url.startswith("https") else 80
    return {
        "address": f"{ip}:{port}", "failure": failure, "request": {"url": url, "method": "GET"},
        "response": {"code": code or 0, "headers": headers or {}, "body": body, "body_is_truncated": cut},
        "t": 0.9, "tags": [f"depth={depth}", "fetch_body=true"],
    }  # fmt: skip


def control(  # noqa: PLR0913 — a record of its fields
    *addresses: str, dns: str | None = None, http_failure: str | None = None, status: int = 200,
    title: str = "Default Web Page", length: int = len(PAGE), headers: dict[str, str] | None = None,
    tcp_failures: dict[str, str] | None = None, tls_failures: dict[str, str] | None = None,
) -> Json:  # fmt: skip
    """The helper's; addresses given nothing else were reached on 443 with a valid certificate."""
    where = [f"{a}:443" for a in addresses]
    failed, refused = tcp_failures or {}, tls_failures or {}
    page: Json = {
        "body_length": length,
        "failure": None,
        "title": title,
        "headers": headers or {},
        "status_code": status,
    }
    if http_failure:
        page = {
            "body_length": -1,
            "failure": http_failure,
            "title": "",
            "headers": {},
            "status_code": -1,
        }
    return {
        "dns": {"failure": dns, "addrs": list(addresses)},
        "tcp_connect": {w: {"status": True, "failure": None} for w in where} | {w: {"status": False, "failure": f} for w, f in failed.items()},
        "tls_handshake": {w: {"status": True, "failure": None, "server_name": NAME} for w in where} | {w: {"status": False, "failure": f, "server_name": NAME} for w, f in refused.items()},
        "http_request": page,
        "ip_info": {a: {"asn": SITE_AS, "flags": 2} for a in addresses},
    }  # fmt: skip


def record(url: str = f"https://{NAME}/", /, **keys: object) -> Json:
    """A whole record; `queries`, `tcp_connect`, `tls_handshakes`, `requests`, `control` and more."""
    return {
        "input": url, "measurement_start_time": "2026-03-01 12:00:00", "test_start_time": "2026-03-01 12:00:00",
        "probe_cc": "IT", "probe_asn": "AS137", "probe_ip": "127.0.0.1", "probe_network_name": "GARR",
        "report_id": "20260301T120000Z_webconnectivity_IT_137_n1_abcdefgh",
        "software_name": "ooniprobe", "software_version": "3.22.0", "test_name": "web_connectivity",
        "test_version": "0.5.28", "test_runtime": 1.5, "test_keys": {"control_failure": None, **keys},
    }  # fmt: skip


def well(**also: object) -> Json:
    """Everything as it should be, over HTTPS."""
    keys: Json = {
        "queries": [query(SITE), query(SITE, engine="udp"), query(SITE, engine="doh")],
        "tcp_connect": [tcp()], "tls_handshakes": [tls()], "requests": [http()], "control": control(SITE),
    }  # fmt: skip
    return record(**(keys | also))


def encoded(made: Json) -> bytes:
    return msgspec.json.encode(made)


def without(made: Json, *path: str) -> Json:
    """A copy that lacks one field."""
    copied = copy.deepcopy(made)
    inner = copied
    for name in path[:-1]:
        inner = inner[name]  # type: ignore[assignment]
    del inner[path[-1]]
    return copied
