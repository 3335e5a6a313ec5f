"""What a name server of the lab knows, and its answer to a query: referral, answer, or no such name."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec

from probe.lab.kernel.plan import Host, Plan, Role

REFERRAL_TTL_SECONDS = 172_800
"""As the real root's and registries': a country cut off still knows its own name servers."""
ANSWER_TTL_SECONDS = 5
GENERIC = "ns-generic"
AUTHORITATIVE = "ns-authoritative"


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What one name server knows."""

    addresses: dict[str, tuple[str, ...]] = {}
    """Names it answers for with authority."""
    cuts: dict[str, str] = {}
    """Zones it has given away, and the address of the server that holds each."""


def knowledge(plan: Plan) -> dict[str, Knowledge]:
    """Divide the zone among the name servers, by the host's name."""
    servers = {host.name: host for host in plan.hosts if host.role is Role.NAMESERVER}
    top: dict[str, str] = {}
    domains: dict[str, str] = {}
    held: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in servers}
    for name, addresses in plan.zone.items():
        tld, domain = name.rsplit(".", 1)[-1], ".".join(name.split(".")[-2:])
        national = _national(servers, tld)
        top[tld] = servers[national or GENERIC].v4
        if not national:
            domains[domain] = servers[AUTHORITATIVE].v4
        held[national or AUTHORITATIVE][name] = addresses
    known = {name: Knowledge(addresses=own) for name, own in held.items()}
    return known | {"ns-root": Knowledge(cuts=top), GENERIC: Knowledge(cuts=domains)}


def answer(query: dns.message.Message, known: Knowledge) -> dns.message.Message:
    reply = dns.message.make_response(query)
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    cut = _cut(name, known.cuts)
    if name in known.addresses:
        reply.flags |= dns.flags.AA
        reply.answer = records(name, question.rdtype, known.addresses[name], ANSWER_TTL_SECONDS)
    elif cut:
        _refer(reply, cut, known.cuts[cut])
    else:
        reply.flags |= dns.flags.AA
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply


def records(
    name: str, rdtype: dns.rdatatype.RdataType, addresses: tuple[str, ...], ttl: int
) -> list[dns.rrset.RRset]:
    """Put those of the addresses that are of the asked kind into one record set, or into none."""
    version = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}.get(rdtype)
    wanted = [address for address in addresses if ip_address(address).version == version]
    return [dns.rrset.from_text(f"{name}.", ttl, "IN", rdtype, *wanted)] if wanted else []


def _national(servers: Mapping[str, Host], tld: str) -> str:
    return f"ns-{tld}" if f"ns-{tld}" in servers else ""


def _cut(name: str, cuts: Mapping[str, str]) -> str:
    labels = name.split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((suffix for suffix in suffixes if suffix in cuts), "")


def _refer(reply: dns.message.Message, cut: str, address: str) -> None:
    server = f"ns.{cut}."
    reply.authority.append(
        dns.rrset.from_text(f"{cut}.", REFERRAL_TTL_SECONDS, "IN", "NS", server)
    )
    reply.additional.append(dns.rrset.from_text(server, REFERRAL_TTL_SECONDS, "IN", "A", address))
