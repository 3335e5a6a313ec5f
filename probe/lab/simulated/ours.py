"""What the differential tests beyond the target find: at a server of ours, and under another Host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import msgspec

from probe.config.shape import Measuring
from probe.lab.answers import HOST_PAGE, Reply, healthy
from probe.lab.simulated.act import Act, Family, Follows, delayed
from probe.lab.simulated.looks import looks
from probe.lab.simulated.presented import certificate, failure, moment, policed
from probe.lab.world import CONTROL_TEXT, NEUTRAL_NAME, Page
from probe.measure.failure import TIMEOUT
from probe.measure.pace import PARTS
from probe.measure.trial import GOODPUT_BYTES
from probe.model import (
    CONTROL,
    DifferentialTest,
    Endpoint,
    Expectation,
    HttpExchange,
    Observation,
    Reach,
    TcpConnect,
    TlsHandshake,
)
from probe.reference.reply import GREETING

ADDRESS = "11.45.1.1"
BYTES_A_SECOND = 2_000_000.0
CORE_SECONDS = 0.01
"""One way, from the core to it."""
HTTPS, HTTP = 443, 80
NEUTRAL_PAGE = healthy(
    Page(
        service=CONTROL,
        feature=Reach.FOREIGN,
        endpoint=Endpoint(id="", url="", expect=CONTROL_TEXT, min_bytes=1024),
    )
)
"""What an origin of the lab serves under the harmless name."""
BULK = Reply(body="x" * GOODPUT_BYTES)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Where a test goes, and under which name."""

    test: DifferentialTest
    hop: int
    address: str
    name: str
    secure: bool
    reply: Reply | None
    """To the request; None where nothing is asked for."""
    path: str
    rtt: float
    start: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A test that goes beyond the target, and from where."""

    test: DifferentialTest
    hop: int
    host: str
    address: str
    """The target's, that was asked last; empty where nothing was."""
    rtt: float
    """To the target."""
    delay: float
    """One way, from the vantage to the core."""
    start: float


def tried(
    place: Place, begin: Callable[[], Sequence[Act]], settings: Measuring, dice: Random
) -> list[Observation]:
    """Make the test; `begin` begins a flow and gives the acts that hit it."""
    seen: list[Observation] = []
    for where in _visits(place):
        named, ours = where.name != NEUTRAL_NAME, where.address == ADDRESS
        if named and seen and seen[-1].failure:  # the control of it failed
            break
        late = place.start + sum(step.took for step in seen)
        acts = met(begin(), named=named, ours=ours)
        seen += visit(msgspec.structs.replace(where, start=late), acts, settings, dice)
    return seen


def _visits(place: Place) -> list[Visit]:
    """In order: the controls first."""
    goodput, secure = (
        place.test is DifferentialTest.GOODPUT,
        place.test is not DifferentialTest.HOST_SWAP,
    )
    first = Visit(
        test=place.test, hop=place.hop, address=ADDRESS, name=NEUTRAL_NAME, secure=secure,
        reply=BULK if goodput else None if secure else Reply(body=GREETING),
        path=f"/bytes/{GOODPUT_BYTES}" if goodput else "/",
        rtt=2 * (place.delay + CORE_SECONDS), start=place.start,
    )  # fmt: skip
    here = msgspec.structs.replace(first, address=place.address, reply=NEUTRAL_PAGE, rtt=place.rtt)
    both = [first, msgspec.structs.replace(first, name=place.host)]
    return both if secure else [here, *both]


def met(acts: Sequence[Act], *, named: bool, ours: bool) -> list[Act]:
    """Choose what is still in the way: of the name only under the name, of the address only there."""
    return [
        act
        for act in acts
        if act.follows is Follows.ALL
        or (act.follows is Follows.NAME and named)
        or (act.follows is Follows.ADDRESS and not ours)
    ]


def visit(
    where: Visit, acts: Sequence[Act], settings: Measuring, dice: Random
) -> list[Observation]:
    """Connect, shake hands, ask, as far as it goes; `acts` are those that `met` chose."""
    walk = _Walk(where, acts, settings, dice)
    steps: list[Observation] = [walk.connect()]
    if steps[-1].failure is None and where.secure:
        steps.append(walk.shake())
    if steps[-1].failure is None and where.reply is not None:
        steps.append(walk.ask(where.reply))
    return steps


class _Walk:
    def __init__(
        self, where: Visit, acts: Sequence[Act], settings: Measuring, dice: Random
    ) -> None:
        self._where, self._acts, self._settings, self._dice = where, acts, settings, dice
        self._at = where.start

    def _rtt(self, *, said: bool = False) -> float:
        jitter = 0.85 + 0.5 * self._dice.random()
        said = said and self._where.name != NEUTRAL_NAME
        return self._where.rtt * jitter + 2 * delayed(self._acts, said=said)

    def _step(self, took: float, limit: float, name: str) -> tuple[float, float, str]:
        """Give when a step begins, what it takes, and how it fails."""
        late = name == TIMEOUT or took > limit
        began, took = self._at, float(limit) if late else took
        self._at += took
        return began, took, TIMEOUT if late else name

    def connect(self) -> TcpConnect:
        four = (act for act in self._acts if act.family in {Family.BOTH, Family.V4})
        name = next((act.connect for act in four if act.connect), "")
        began, took, name = self._step(self._rtt(), self._settings.connect_timeout, name)
        return TcpConnect(
            at=moment(began), took=took, failure=failure(name), hop=self._where.hop,
            test=self._where.test, address=self._where.address,
            port=HTTPS if self._where.secure else HTTP,
            source_port=0 if name else self._dice.randrange(32768, 60999),
        )  # fmt: skip

    def shake(self) -> TlsHandshake:
        neutral = self._where.name == NEUTRAL_NAME
        name = next((a.shake for a in self._acts if a.shake and (a.alike or not neutral)), "")
        began, took, name = self._step(self._rtt(said=True), self._settings.tls_timeout, name)
        shown = certificate(self._where.name, issuer="CN=worksforwhom reference server")
        return TlsHandshake(
            at=moment(began), took=took, failure=failure(name), hop=self._where.hop,
            test=self._where.test, address=self._where.address, port=HTTPS,
            server_name=self._where.name, version="" if name else "TLSv1.3",
            cipher="" if name else "TLS_AES_256_GCM_SHA384", alpn="" if name else "http/1.1",
            chain=() if name else (shown,),
        )  # fmt: skip

    def ask(self, wanted: Reply) -> HttpExchange:
        reply, name = self._replied(wanted)
        body = looks(reply.body)
        early, late = policed(self._acts, body.length)
        frozen = self._where.secure and any(0 < a.budget < body.length for a in self._acts)
        took = self._rtt(said=True) + late + body.length / BYTES_A_SECOND
        limit = float(self._settings.http_timeout)
        began, took, name = self._step(took, limit, TIMEOUT if frozen else name)
        step = HttpExchange(
            at=moment(began), took=took, failure=failure(name), hop=self._where.hop,
            test=self._where.test, address=self._where.address, url=self._url(),
        )  # fmt: skip
        if name:
            came = next((a.budget for a in self._acts if frozen and a.budget), 0)
            return msgspec.structs.replace(step, received=came)
        return msgspec.structs.replace(
            step, status=reply.status, title=body.title, length=body.length,
            digest=body.digest, first_byte=min(early + self._where.rtt, took),
            quarters=self._quarters(late - early + body.length / BYTES_A_SECOND),
            expectation=Expectation.MET if reply.status < 400 else Expectation.STATUS,  # noqa: PLR2004 — HTTP's
        )  # fmt: skip

    def _quarters(self, lasted: float) -> tuple[float, ...]:
        """Of what comes at one rate from its first bytes to its last."""
        if self._where.test is not DifferentialTest.GOODPUT:
            return ()
        return tuple(round(lasted * part / PARTS, 3) for part in range(1, PARTS + 1))

    def _replied(self, wanted: Reply) -> tuple[Reply, str]:
        port = HTTPS if self._where.secure else HTTP
        if any(port in act.diverts for act in self._acts):
            return Reply(body=HOST_PAGE), ""
        mine = [act for act in self._acts if not (act.plain and self._where.secure)]
        name = next((act.request for act in mine if act.request), "")
        return next((act.reply for act in mine if act.reply), wanted), name

    def _url(self) -> str:
        scheme = "https" if self._where.secure else "http"
        return f"{scheme}://{self._where.name}{self._where.path}"
