"""The reference server at work: callers are let in, answered within limits, and forgotten."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from probe import __version__
from probe.clock import Clock
from probe.config.shape import ReferenceConfig
from probe.metrics import reference as metrics
from probe.metrics.exposition import Form
from probe.reference.admission import Admission, Refusal
from probe.reference.authority import Authority, unread_names
from probe.reference.reply import LONGEST_HEAD, Reply, head, reply
from probe.reference.secured import Plain, Secured
from probe.supervisor import Supervisor
from probe.transport.guard import Guard
from probe.transport.lifecycle import Lifecycle
from probe.transport.listen import ListenError, datagrams, listen, runner, streams
from probe.transport.protection import Protection

NOISE = os.urandom(65536)
"""What bodies are made of: nothing on the way can make it shorter."""
ALLOWANCE = "bytes"
"""Refused though it was let in: it has been sent its share."""
LONGEST_NAP_SECONDS = 60.0

log = logging.getLogger(__name__)
Bound = dict[str, tuple[str, ...]]


def _nobody(_: Bound) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the caller may put in: a stop of its own, word of the ports."""

    stop: asyncio.Event | None = None
    """Set it to stop; without it, SIGTERM and SIGINT do."""
    bound: Callable[[Bound], None] = _nobody
    """Told where `secure`, `plain` and `metrics` listen, each as `host:port`."""
    supervisor: Supervisor = field(default_factory=Supervisor)


async def run(config: ReferenceConfig, clock: Clock, hooks: Hooks | None = None) -> None:
    """Serve until stopped. Raises ConfigError or ListenError where it cannot start."""
    await Reference(config, clock, hooks or Hooks()).work()


class Reference:
    def __init__(self, config: ReferenceConfig, clock: Clock, hooks: Hooks) -> None:
        """Raise ConfigError for what only using the configuration shows to be wrong."""
        self._config, self._clock, self._hooks = config, clock, hooks
        self._names = tuple(name.lower() for name in config.names)
        self._authority = Authority(clock.now(), self._names, config.tls)
        self._protection = Protection(config.metrics.config_file, clock.now())
        self._admission = Admission(config.limits)
        self._lifecycle = Lifecycle(hooks.stop, over_http=False, reloads=False)
        self._refused: Counter[str] = Counter(dict.fromkeys([*Refusal, ALLOWANCE], 0))
        self._answers: Counter[int] = Counter()
        self._accepted = self._broken = self._sent = 0

    async def work(self) -> None:
        stop, supervisor = self._lifecycle.stop, self._hooks.supervisor
        async with AsyncExitStack() as open_now:
            self._hooks.bound(await self._open(open_now))
            with self._lifecycle.signals(), unread_names():
                supervisor.ready(self.status())
                while not stop.is_set():
                    beat = supervisor.alive(self._clock.monotonic(), self.status)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(min(beat, LONGEST_NAP_SECONDS)):
                            await stop.wait()
                supervisor.stopping()
        log.info("stopped")

    def status(self) -> str:
        return f"{self._admission.open} connections open, {self._accepted} let in"

    def snapshot(self) -> metrics.Snapshot:
        return metrics.Snapshot(
            version=__version__,
            open=self._admission.open,
            accepted=self._accepted,
            refused=dict(self._refused),
            broken=self._broken,
            answers=dict(self._answers),
            sent=self._sent,
        )

    # ── listening ────────────────────────────────────────────────────────────────────────────

    async def _open(self, open_now: AsyncExitStack) -> Bound:
        bound: Bound = {}
        for kind, addresses in (("secure", self._config.secure), ("plain", self._config.plain)):
            serve = self._secure if kind == "secure" else self._plain
            servers = [await streams(serve, address, LONGEST_HEAD) for address in addresses]
            for server in servers:
                open_now.callback(server.close)
            bound[kind] = tuple(
                _written(own.getsockname()) for server in servers for own in server.sockets
            )
            if kind == "secure" and self._speaks:
                await self._datagrams(bound[kind], open_now)
        bound["metrics"] = await self._metrics(open_now)
        return bound

    @property
    def _speaks(self) -> bool:
        return self._config.quic and find_spec("aioquic") is not None

    async def _datagrams(self, places: tuple[str, ...], open_now: AsyncExitStack) -> None:
        """Speak QUIC there too; where that cannot be, TLS over TCP is still worth serving."""
        from probe.reference import quic  # noqa: PLC0415 — where its extra is installed

        patience = float(self._config.limits.timeout)
        wanted = quic.configuration(*self._identity(), patience)
        gate = quic.Gate(enter=self._entered, leave=self._left, grant=self._allowed)
        for place in places:
            host, _, port = place.rpartition(":")
            speaker = quic.Speaker(wanted, self._clock, patience, gate)
            try:
                await datagrams(speaker, host.strip("[]"), int(port))
            except ListenError as error:
                log.warning("no QUIC: %s", error)
            else:
                open_now.callback(speaker.close)

    def _identity(self) -> tuple[bytes, bytes]:
        """Give certificate and key; those of `tls` were good a moment ago."""
        own = self._config.tls
        if own is None:
            made = self._authority.pem()
            return made, made
        return Path(own.certificate).read_bytes(), Path(own.key).read_bytes()

    async def _metrics(self, open_now: AsyncExitStack) -> tuple[str, ...]:
        if not self._config.metrics.listen:
            return ()
        app = web.Application(middlewares=[Guard(self._protection, self._clock).middleware()])
        app.add_routes([web.get("/metrics", self._shown), web.get("/-/healthy", _healthy)])
        server = runner(app)
        open_now.push_async_callback(server.cleanup)
        return tuple(await listen(server, self._config.metrics.listen, self._protection.tls))

    async def _shown(self, _: web.Request) -> web.Response:
        body = metrics.exposition(self.snapshot())
        return web.Response(body=body, headers={"Content-Type": Form.CLASSIC.value})

    # ── one connection ───────────────────────────────────────────────────────────────────────

    async def _secure(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Plain(reader, writer)
        await self._admitted(Secured(wire, self._authority.context), writer)

    async def _plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._admitted(Plain(reader, writer), writer)

    async def _admitted(self, stream: Plain | Secured, writer: asyncio.StreamWriter) -> None:
        caller = (writer.get_extra_info("peername") or ("",))[0]
        if not caller:
            self._refused[Refusal.FULL] += 1
        if not caller or not self._entered(caller):
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(self._config.limits.timeout):
                await self._served(stream, caller)
        except (OSError, EOFError, TimeoutError):  # theirs, or the way's: nothing of it is kept
            self._broken += 1
            writer.transport.abort()
        finally:
            self._admission.leave(caller, self._clock.monotonic())
            writer.close()

    def _entered(self, caller: str) -> bool:
        refusal = self._admission.enter(caller, self._clock.monotonic())
        if refusal:
            self._refused[refusal] += 1
        else:
            self._accepted += 1
        return refusal is None

    def _left(self, caller: str, shaken: bool) -> None:  # noqa: FBT001 — as the gate asks
        self._admission.leave(caller, self._clock.monotonic())
        self._broken += not shaken

    def _allowed(self, caller: str, size: int) -> bool:
        granted = self._admission.grant(caller, size, self._clock.monotonic())
        self._refused[ALLOWANCE] += not granted
        return granted

    async def _served(self, stream: Plain | Secured, caller: str) -> None:
        await stream.begin()
        asked = b""
        while b"\r\n\r\n" not in asked:
            try:
                data = await stream.read()
            except (OSError, EOFError):
                data = b""
            if not data and not asked:
                return  # who only shook hands has got what it came for
            asked += data
            if not data or len(asked) > LONGEST_HEAD:
                raise EOFError("no request came")
        answer = reply(asked.partition(b"\r\n\r\n")[0], caller, self._most, self._names)
        await self._send(stream, self._granted(answer, caller))

    @property
    def _most(self) -> int:
        return int(self._config.limits.body)

    def _granted(self, answer: Reply, caller: str) -> Reply:
        if self._allowed(caller, answer.sent):
            return answer
        return Reply(status=HTTPStatus.TOO_MANY_REQUESTS, text="too many bytes in a minute\n")

    async def _send(self, stream: Plain | Secured, answer: Reply) -> None:
        self._answers[int(answer.status)] += 1
        await stream.write(
            head(answer) + (b"" if answer.filler else answer.text.encode()[: answer.sent])
        )
        left = answer.filler if answer.sent else 0
        while left:
            piece = min(left, len(NOISE))
            await stream.write(NOISE[:piece])
            left -= piece
            self._sent += piece


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="healthy\n")


def _written(name: tuple[str, int]) -> str:
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
