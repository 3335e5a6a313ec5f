"""One measurement as the real chain makes it, without a network: lookup, connection, handshake, request, tests.

It follows probe.measure step by step, and uses its pure parts; times are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from random import Random

import msgspec

from probe.config.shape import Measuring, Referring
from probe.lab.answers import HOST_PAGE, Reply
from probe.lab.simulated import elsewhere, ours, udp, way
from probe.lab.simulated.act import ALL_FLOWS, Act, Hit, Lookup, delayed, refused
from probe.lab.simulated.answered import NOTICE, answered
from probe.lab.simulated.looks import looks
from probe.lab.simulated.presented import EPOCH, FALSE, certificate, failure, moment, policed
from probe.lab.simulated.seat import Seat, url
from probe.lab.simulated.walked import Walked
from probe.lab.world import NEUTRAL_NAME
from probe.measure.bogon import is_bogon
from probe.measure.chain import choose, settle
from probe.measure.diagnose import CUT_SHORT, next_tests
from probe.measure.expectation import hold
from probe.measure.failure import BOGON as BOGON_FAILURE
from probe.measure.failure import INVALID_HOSTNAME, NO_ANSWER, RCODES, TIMEOUT
from probe.measure.http import told_headers
from probe.measure.resolver import several
from probe.measure.site import PORTS
from probe.measure.trial import MOST_CERTIFICATES, slow_hands
from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)

MEASURING = Measuring(reference=Referring(address=ours.ADDRESS), quic=False)
SECOND = several(MEASURING.second_resolver)[0].label
HTTPS, HTTP = 443, 80
FROZEN_BYTES = 12_000
"""Of the body, where 16 KiB pass of what the server sends: its certificates are in them."""
REDIRECTS = range(300, 400)
BYTES_A_SECOND = 2_000_000.0


def measuring(seat: Seat) -> tuple[Measuring, bool]:
    """Give the settings, and whether it is tried beyond the chain though nothing fails."""
    beyond = seat.sealed or seat.speaks
    return _more(sealed=seat.sealed, speaks=seat.speaks) if beyond else MEASURING, beyond


@cache
def _more(*, sealed: bool, speaks: bool) -> Measuring:
    resolvers = elsewhere.RESOLVERS if sealed else MEASURING.second_resolver
    return msgspec.structs.replace(MEASURING, second_resolver=resolvers, quic=speaks)


def walk(seat: Seat, hits: Sequence[Hit], dice: Random) -> Walked:
    return _Walk(seat, hits, dice).run()


class _Walk:
    def __init__(self, seat: Seat, hits: Sequence[Hit], dice: Random) -> None:
        self._seat, self._hits, self._dice = seat, hits, dice
        self._flow = 0
        self._end = 0.0
        self._hop = 0
        self._scheme, self._host = seat.scheme, seat.host
        self._accepting: set[str] = set()

    def run(self) -> Walked:
        seen = settle(self._chain())
        seen = (*seen, *self._onward(seen))
        start = self._end
        settings, beyond = measuring(self._seat)
        for test in next_tests(seen, settings, background=beyond):
            last = tuple(step for step in seen if step.hop == self._hop)
            seen = (*seen, *self._test(test, last, start))
            start = self._end
        return Walked(observations=seen, took=self._end, flows=self._flow)

    # ── what is in force ─────────────────────────────────────────────────────────────────────

    def _acts(self) -> list[Act]:
        """Begin a flow: give the acts that hit it."""
        flow, self._flow = self._flow, self._flow + 1
        return [act for act, flows in self._hits if flows == ALL_FLOWS or flows >> flow & 1]

    def _jitter(self) -> float:
        return 0.85 + 0.5 * self._dice.random()

    def _rtt(self, acts: Sequence[Act], *, said: bool = False) -> float:
        return self._seat.rtt * self._jitter() + 2 * delayed(acts, said=said)

    def _past(self, seconds: float) -> None:
        self._end = max(self._end, seconds)

    # ── the chain ────────────────────────────────────────────────────────────────────────────

    def _chain(self) -> list[Observation]:
        if self._scheme == "dns":
            return [self._lookup("A", self._end)]
        families = ("A", "AAAA") if self._seat.prober.network.ipv6 else ("A",)
        found = [self._lookup(query, self._end) for query in families]
        known = [tuple(a for a in step.answers if not is_bogon(a, ())) for step in found]
        addresses = choose(known, MEASURING.max_addresses, self._dice)
        return [*found, *self._visit(addresses, self._end)]

    def _visit(self, addresses: Sequence[str], start: float) -> list[Observation]:
        reached: list[Observation] = []
        ready: list[tuple[float, str, list[Act]]] = []
        for address in addresses:
            acts = self._acts()
            connected = self._connect(address, acts, start)
            reached.append(connected)
            at = start + connected.took
            if connected.failure or self._scheme == "tcp":
                continue
            if self._scheme == "https":
                shaken = self._shake(address, acts, at)
                reached.append(shaken)
                at += shaken.took
                if shaken.failure:
                    continue
            ready.append((at, address, acts))
        if ready:
            at, address, acts = min(ready, key=lambda one: one[:2])
            reached.append(self._ask(address, acts, at))
        return reached

    def _onward(self, seen: Sequence[Observation]) -> tuple[Observation, ...]:
        """Follow a redirect to the notice host, which is where redirects of a lab lead."""
        last = seen[-1] if seen else None
        if not isinstance(last, HttpExchange) or not last.location:
            return ()
        self._hop, self._scheme, self._host = 1, "http", NOTICE
        return tuple(self._visit((NOTICE,), self._end))

    # ── steps ────────────────────────────────────────────────────────────────────────────────

    def _lookup(self, query: str, start: float, test: DifferentialTest | None = None) -> DnsLookup:
        acts = self._acts()
        told = (act.lookup if test is None else act.second for act in acts)
        how = next((one for one in told if one is not None), Lookup())
        answers, late = answered(how, query, self._seat, self._dice)
        if how.accepts:
            self._accepting.update(answers)
        name = how.failure or RCODES.get(how.rcode, "")
        if not name:
            name = NO_ANSWER if not answers else ""
        if any(is_bogon(address, ()) for address in answers):
            name = BOGON_FAILURE
        pace = self._seat.rtt if test else 2 * float(self._seat.prober.network.delay)
        took = float(MEASURING.dns_timeout) if name == TIMEOUT else pace * self._jitter() + 0.002
        self._past(start + took)
        return DnsLookup(
            at=moment(start), took=took, failure=failure(name), hop=self._hop, test=test,
            name=self._host, query=query,
            resolver=SECOND if test else self._seat.prober.resolver,
            rcode=None if name == TIMEOUT else how.rcode, answers=answers, late=late,
        )  # fmt: skip

    def _connect(
        self, address: str, acts: Sequence[Act], start: float, test: DifferentialTest | None = None
    ) -> TcpConnect:
        port = PORTS.get(self._scheme, self._seat.port)
        name = self._unreached(address, port, acts)
        if test is not None:
            name = next((act.aftermath for act in acts if act.aftermath), name)
        took, name = self._within(self._rtt(acts), float(MEASURING.connect_timeout), name)
        self._past(start + took)
        return TcpConnect(
            at=moment(start), took=took, failure=failure(name), hop=self._hop, test=test,
            address=address, port=port, source_port=0 if name else self._dice.randrange(32768, 60999),
        )  # fmt: skip

    def _unreached(self, address: str, port: int, acts: Sequence[Act]) -> str:
        if address == NOTICE:
            return ""
        if not self._is_own(address):
            return "" if address in self._accepting else TIMEOUT
        if ":" in address and any(port in act.diverts for act in acts):
            return TIMEOUT
        return refused(acts, address, port)

    def _is_own(self, address: str) -> bool:
        return address in self._seat.addresses

    def _within(self, took: float, limit: float, name: str) -> tuple[float, str]:
        if name == TIMEOUT or took > limit:
            return limit, TIMEOUT
        return took, name

    def _shake(
        self,
        address: str,
        acts: Sequence[Act],
        start: float,
        test: DifferentialTest | None = None,
        other: str = "",
    ) -> TlsHandshake:
        name, shown, verify = self._met(address, acts, neutral=bool(other))
        took = self._rtt(acts, said=not other) + 0.004 * self._jitter()
        took, name = self._within(took, float(MEASURING.tls_timeout), name)
        self._past(start + took)
        spoke = bool(shown)
        return TlsHandshake(
            at=moment(start), took=took, failure=failure(name, verify), hop=self._hop, test=test,
            address=address, port=HTTPS, server_name=other or self._host,
            version="TLSv1.3" if spoke else "", cipher="TLS_AES_256_GCM_SHA384" if spoke else "",
            alpn="http/1.1" if spoke and not name else "", chain=shown if name != TIMEOUT else (),
        )  # fmt: skip

    def _met(
        self, address: str, acts: Sequence[Act], *, neutral: bool
    ) -> tuple[str, tuple[Certificate, ...], int | None]:
        """Say how a handshake ends: failure, chain shown, OpenSSL's number."""
        if address != NOTICE and not self._is_own(address):
            return TIMEOUT, (), None
        cut = next((a.shake for a in acts if a.shake and (a.alike or not neutral)), "")
        if cut:
            return cut, (), None
        if address == NOTICE or any(HTTPS in act.diverts for act in acts):
            return ("" if neutral else INVALID_HOSTNAME), (FALSE,), None
        kind = next((act.certificate for act in acts if act.certificate), "")
        if kind and not neutral:
            verify = 10 if kind == "expired" else 9
            return "ssl_invalid_certificate", (certificate(self._host, kind),), verify
        return "", (certificate(self._host, kind if kind == "expired" else ""),), None

    def _ask(self, address: str, acts: Sequence[Act], start: float) -> HttpExchange:
        limit = float(MEASURING.http_timeout)
        reply, name = self._replied(address, acts)
        body = looks(reply.body)
        early, late = policed(acts, body.length)
        plain = (
            self._rtt(acts, said=True) + 0.003 * self._jitter() + sum(act.linger for act in acts)
        )
        first = plain + early
        took, name = self._within(plain + late + body.length / BYTES_A_SECOND, limit, name)
        self._past(start + took)
        if name:
            frozen = any(0 < act.budget < body.length for act in acts)
            came = reply if frozen and name == TIMEOUT and not reply.silent else None
            return self._broken(address, name, start, took, came)
        endpoint = self._seat.page.endpoint
        follows = reply.status in REDIRECTS and reply.status not in endpoint.status
        expectation, matched = (
            (None, "")
            if follows and self._leads(acts)
            else hold(endpoint, reply.status, body.length, lambda: reply.body)
        )
        headers = (("Content-Type", reply.kind), ("Content-Length", str(body.length)),
                   ("Connection", "close"), *reply.headers)  # fmt: skip
        return HttpExchange(
            at=moment(start), took=took, hop=self._hop, url=self._url(), address=address,
            method=endpoint.method, status=reply.status, headers=told_headers(headers),
            location=f"http://{NOTICE}/" if expectation is None else "",
            title=body.title, length=body.length, digest=body.digest if body.length else "",
            expectation=expectation, matched=matched, first_byte=min(first, took),
        )  # fmt: skip

    def _broken(
        self, address: str, name: str, start: float, took: float, came: Reply | None
    ) -> HttpExchange:
        """Tell an exchange that ended early; of a frozen answer, the head and what was let through."""
        return HttpExchange(
            at=moment(start), took=took, failure=failure(name), hop=self._hop, url=self._url(),
            address=address, method=self._seat.page.endpoint.method,
            status=came.status if came else None, length=FROZEN_BYTES if came else 0,
        )  # fmt: skip

    def _leads(self, acts: Sequence[Act]) -> bool:
        return self._hop == 0 and any(act.leads for act in acts)

    def _url(self) -> str:
        return url(self._seat.page.endpoint) if self._hop == 0 else f"http://{NOTICE}/"

    def _replied(self, address: str, acts: Sequence[Act]) -> tuple[Reply, str]:
        """Say what comes to a request: an answer, or how it fails."""
        plain = self._scheme == "http"
        if address == NOTICE or any(HTTP in act.diverts for act in acts if plain):
            return Reply(body=HOST_PAGE), ""
        mine = [act for act in acts if plain or not act.plain]
        name = next((act.request for act in mine if act.request), "")
        reply = next((act.reply for act in mine if act.reply), self._seat.reply)
        if reply.silent or any(0 < act.budget < len(reply.body) for act in acts if not plain):
            name = name or TIMEOUT
        more = tuple(header for act in mine for header in act.headers)
        return msgspec.structs.replace(reply, headers=(*reply.headers, *more)), name

    # ── the differential tests ───────────────────────────────────────────────────────────────

    def _test(  # noqa: PLR0911 — one for each kind
        self, test: DifferentialTest, last: Sequence[Observation], start: float
    ) -> list[Observation]:
        tried = [step.address for step in last if isinstance(step, TcpConnect)]
        match test:
            case DifferentialTest.SECOND_RESOLVER:
                return self._asked_elsewhere(test, last, start)
            case DifferentialTest.NEUTRAL_NAME:
                cut = (s for s in last if isinstance(s, TlsHandshake) and s.failure)
                named = (s.address for s in cut if s.failure and s.failure.name in CUT_SHORT)
                return self._knock(next(named, slow_hands(last)), test, start, NEUTRAL_NAME)
            case DifferentialTest.CERTIFICATE:
                return self._certificates(test, tried, start)
            case DifferentialTest.QUIC:
                return self._over_quic(test, tried[0], start)
            case DifferentialTest.OTHER_PORT if self._scheme != "tcp":
                return [self._other_port(test, tried[0], start)]
            case DifferentialTest.PATH if four := [a for a in tried if ":" not in a]:
                return self._traced(four[0], start)
            case (
                DifferentialTest.SECOND_ADDRESS
                | DifferentialTest.OTHER_PORT
                | DifferentialTest.PATH
            ):
                return []
            case _:
                pass
        asked = [step.address for step in last if isinstance(step, HttpExchange)]
        return self._beyond(test, "".join(asked[:1]), start)

    def _certificates(
        self, test: DifferentialTest, tried: Sequence[str], start: float
    ) -> list[Observation]:
        self._scheme, plain = "https", self._scheme
        seen: list[Observation] = []
        for address in dict.fromkeys(tried[:MOST_CERTIFICATES]):
            seen += self._knock(address, test, max(start, self._end))
        self._scheme = plain
        return seen

    def _other_port(self, test: DifferentialTest, address: str, start: float) -> TcpConnect:
        self._scheme, own = ("http" if self._scheme == "https" else "https"), self._scheme
        reached = self._connect(address, self._acts(), start, test)
        self._scheme = own
        return reached

    def _traced(self, address: str, start: float) -> list[Observation]:
        port = HTTPS if self._scheme == "https" else HTTP
        fails = partial(self._unreached, address, port)
        place = self._place(DifferentialTest.PATH, address, start)
        return self._spent(way.tried(place, port, self._acts, fails))

    def _place(self, test: DifferentialTest, address: str, start: float) -> ours.Place:
        return ours.Place(
            test=test, hop=self._hop, host=self._host, address=address, start=start,
            rtt=self._seat.rtt, delay=float(self._seat.prober.network.delay),
        )  # fmt: skip

    def _over_quic(self, test: DifferentialTest, address: str, start: float) -> list[Observation]:
        place = self._place(test, address, start)
        return self._spent(udp.tried(place, self._acts, MEASURING))

    def _beyond(self, test: DifferentialTest, asked: str, start: float) -> list[Observation]:
        place = self._place(test, asked, start)
        return self._spent(ours.tried(place, self._acts, MEASURING, self._dice))

    def _spent(self, seen: Sequence[Observation]) -> list[Observation]:
        for step in seen:
            self._past((step.at - EPOCH).total_seconds() + step.took)
        return [*seen]

    def _asked_elsewhere(
        self, test: DifferentialTest, last: Sequence[Observation], start: float
    ) -> list[Observation]:
        known = {a for step in last if isinstance(step, DnsLookup) for a in step.answers}
        asked = self._lookup("A", start, test)
        asking = elsewhere.Asking(
            name=self._host, hop=self._hop, true=self._seat.v4, rtt=self._seat.rtt, start=start
        )
        acts = self._acts() if self._seat.sealed else []
        sealed = elsewhere.lookups(asking, acts, MEASURING) if self._seat.sealed else ()
        told = [a for one in (*sealed, asked) for a in one.answers]
        others = [a for a in told if a not in known and not is_bogon(a, ())]
        self._past(start + max((one.took for one in sealed), default=0.0))
        knocks = others and self._scheme != "dns"
        more = self._knock(others[0], test, start + asked.took) if knocks else []
        aside = elsewhere.beside(asking, sealed) if sealed else []
        return [asked, *sealed, *more, *aside]

    def _knock(
        self, address: str, test: DifferentialTest, start: float, other: str = ""
    ) -> list[Observation]:
        acts = self._acts()
        connected = self._connect(address, acts, start, test)
        if connected.failure or self._scheme != "https":
            return [connected]
        return [connected, self._shake(address, acts, start + connected.took, test, other)]
