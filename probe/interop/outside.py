"""The helper's measurement as OONI's `control`."""

from __future__ import annotations

from probe.interop.form import Control, ControlDns, ControlPage, ControlStatus, Origin
from probe.model import DnsLookup, Failure, HttpExchange, Measurement, TcpConnect, TlsHandshake


def control(there: Measurement) -> Control:
    steps = there.observations
    named = next((s for s in steps if isinstance(s, DnsLookup)), None)
    page = next((s for s in steps if isinstance(s, HttpExchange)), None)
    origins = zip(named.answers, named.origins, strict=False) if named else ()
    return Control(
        dns=ControlDns(
            addrs=list(named.answers) if named else [], failure=_name(named.failure) if named else None
        ),
        tcp_connect={_where(s): _status(s) for s in steps if isinstance(s, TcpConnect)},
        tls_handshake={_where(s): _status(s) for s in steps if isinstance(s, TlsHandshake)},
        http_request=_page(page) if page is not None else None,
        ip_info={address: Origin(asn=asn) for address, asn in origins},
    )  # fmt: skip


def _where(step: TcpConnect | TlsHandshake) -> str:
    address = f"[{step.address}]" if ":" in step.address else step.address
    return f"{address}:{step.port}"


def _status(step: TcpConnect | TlsHandshake) -> ControlStatus:
    name = step.server_name if isinstance(step, TlsHandshake) else ""
    return ControlStatus(
        status=step.failure is None, failure=_name(step.failure), server_name=name
    )


def _page(step: HttpExchange) -> ControlPage:
    if step.failure is not None:
        return ControlPage(body_length=-1, failure=step.failure.name, title="", headers={}, status_code=-1)  # fmt: skip
    return ControlPage(
        body_length=step.length, title=step.title, status_code=step.status,
        headers={header.name: header.value for header in step.headers},
    )  # fmt: skip


def _name(failure: Failure | None) -> str | None:
    return failure.name if failure is not None else None
