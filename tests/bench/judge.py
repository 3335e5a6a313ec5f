"""How fast the judge is, and how large: run by hand, `python tests/bench/judge.py`.

`ticks`: records as the store holds them (about 1.5 kB of JSON each), 10,000 a tick, heard, put on
the docket and judged: measurements a second on one core, beside hearing alone and the plain decoding
of the same bytes by msgspec.
One service in 30 countries, so that a tick is a dozen rounds: a history that is read again.
`rounds`: the same where a tick is a single round, of many services: most of it is judging.
`state`: countries times services, one vantage a country and one endpoint a service, a full
window; the seconds of judging it all again, each time after a tick of news as the correlator does
every few seconds, and each time after a whole round of news; and the memory of that state.
What fails for no reason is that of the simulated lab's worlds and quiet weeks (`Noise`: 2.5 % of
measurements, most of them in passing troubles of a network, attribution.md 7.2), or with `--lone
0.02` one record in fifty, each by itself; and a handful of features are in real trouble.
Times are the processor's for this process, so that what else the machine does counts less.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

import msgspec

from probe.garbage import rarely_collected
from probe.judge.docket import Docket
from probe.judge.hearing import hear
from probe.judge.sight import Sight
from probe.judge.view import View, window_start
from probe.lab.scenario import Noise
from probe.lab.simulated.noise import troubles
from probe.model import (
    CONTROL,
    Cause,
    Certificate,
    DnsLookup,
    Endpoint,
    Expectation,
    Failure,
    Feature,
    Header,
    Health,
    HttpExchange,
    Measurement,
    Observation,
    Service,
    Tally,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
    Verdict,
)

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROUND = timedelta(seconds=60)
ROUNDS = 5
FIRST = 50
"""The first round of the state: from here on as much fails in a window as does over a long time, a
fortieth; in the first ten rounds of this chance it is half as much again."""
AGAIN = 5
"""Judgings of the state that are timed; their median counts."""
TICK = 10_000
DECODER = msgspec.json.Decoder(Measurement)
CONTROLS = (("domestic", "domestic-0"), *(("foreign", f"foreign-{n}") for n in range(3)))
CONTROLS_FAIL = 0.4
"""Of controls tried in passing trouble (attribution.md, 7.4)."""
MARK = "{{at}}"


@dataclass(frozen=True)
class Size:
    countries: int
    networks: int
    vantages: int
    """In each network."""
    services: int
    features: int


TICKS = Size(countries=30, networks=2, vantages=2, services=1, features=3)
ROUNDS_OF_MANY = Size(countries=20, networks=4, vantages=2, services=12, features=5)
STATE = Size(countries=200, networks=1, vantages=1, services=1000, features=1)


# ── the world ────────────────────────────────────────────────────────────────────────────────


def roster(size: Size) -> tuple[Vantage, ...]:
    codes = [chr(65 + n // 26) + chr(65 + n % 26) for n in range(size.countries)]
    return tuple(
        Vantage(id=f"{code.lower()}-{net}-{k}", country=code, asn=100 * n + net + 1, network=f"{code} Net {net}")
        for n, code in enumerate(codes)
        for net in range(size.networks)
        for k in range(size.vantages)
    )  # fmt: skip


def catalogue(size: Size) -> tuple[Service, ...]:
    return tuple(
        Service(
            id=f"service-{n}", name=f"Service {n}",
            features=tuple(
                Feature(id=f"f{k}", name=f"f{k}", endpoints=(Endpoint(id=f"service-{n}-f{k}", url=f"https://f{k}.service-{n}.com/"),))
                for k in range(size.features)
            ),
        )
        for n in range(size.services)
    )  # fmt: skip


def dice(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest(), "big")


def certificate(name: str, issuer: str) -> Certificate:
    return Certificate(
        sha256=hashlib.sha256((name + issuer).encode()).hexdigest(), subject=f"CN={name}",
        issuer=f"CN={issuer}", names=(name, f"www.{name}"), not_before=START - timedelta(days=30),
        not_after=START + timedelta(days=60),
    )  # fmt: skip


def steps(host: str, address: str, kind: str, failure: str = "") -> tuple[Observation, ...]:
    """A chain that ends in `kind`: `met`, `tcp`, `tls`, or a status."""
    broken = Failure(name=failure) if failure else None
    named = DnsLookup(
        at=START, took=0.0123, name=host, resolver="system", rcode=0, answers=(address,)
    )
    reached = TcpConnect(
        at=START, took=0.0234, address=address, port=443, source_port=40000,
        failure=broken if kind == "tcp" else None,
    )  # fmt: skip
    if kind == "tcp":
        return named, reached
    chain = (certificate(host, "R3"), certificate("R3", "Root X1"))
    shaken = TlsHandshake(
        at=START, took=0.0345, address=address, port=443, server_name=host, version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384", alpn="http/1.1", chain=() if kind == "tls" else chain,
        failure=broken if kind == "tls" else None,
    )  # fmt: skip
    if kind == "tls":
        return named, reached, shaken
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("server", "cloudflare"),
        ("cf-ray", "8f0c1d2e3b4a5968-LHR"),
        ("date", "Sat, 21 Nov 2026 12:00:00 GMT"),
    )
    answer = HttpExchange(
        at=START, took=0.1456, url=f"https://{host}/", address=address, length=12345, digest="a" * 64,
        status=200 if kind == "met" else int(kind), first_byte=0.1012, title="Service",
        expectation=Expectation.MET if kind == "met" else Expectation.STATUS,
        headers=tuple(Header(name=n, value=v) for n, v in headers),
    )  # fmt: skip
    return named, reached, shaken, answer


KINDS = (
    ("met", ""), ("tcp", "generic_timeout_error"), ("tls", "connection_reset"),
    ("tcp", "connection_reset"), ("503", ""), ("451", ""), ("tls", "generic_timeout_error"),
)  # fmt: skip


PASSING = (1, 1, 1, 6, 6, 2, 3)
"""Of those, what passing trouble looks like: mostly silence."""


class World:
    """Records of one size of world, as bytes."""

    def __init__(self, size: Size, noise: Noise) -> None:
        self.vantages, self.services = roster(size), catalogue(size)
        self._noise = noise
        self._troubles = {
            v.asn: troubles(noise, ROUND.total_seconds(), v.asn, seed=0) for v in self.vantages
        }
        self._targets = [
            *((s.id, f.id, f.endpoints[0].id) for s in self.services for f in s.features),
            *((CONTROL, reach, name) for reach, name in CONTROLS),
        ]
        self._templates: dict[tuple[str, int], str] = {}
        self.made = self.failed = 0
        """Records so far, and those of them that fail."""

    def round(self, number: int) -> Iterator[bytes]:
        """Everything that is measured in one round, in the order of its times."""
        count = len(self.vantages) * len(self._targets)
        for n in range(count):
            target = self._targets[n // len(self.vantages)]
            vantage = self.vantages[n % len(self.vantages)]
            at = START + ROUND * (number + n / count)
            kind = self._kind(vantage, target, number)
            self.made += 1
            self.failed += kind > 0
            yield self._line(vantage, target, at, kind)

    def _kind(self, vantage: Vantage, target: tuple[str, str, str], number: int) -> int:
        service, control = target[0], target[0] == CONTROL
        trouble = TROUBLE.get(service) if target[1] == "f0" else None
        if trouble is not None and (not trouble[1] or vantage.country in trouble[1]):
            return trouble[0]
        chance = dice(vantage.id, *target, number)
        point, kind = chance / 2**32, 1 + chance % 4
        if self._troubles[vantage.asn].at(ROUND.total_seconds() * number):
            share = CONTROLS_FAIL if control else self._noise.share
            return PASSING[chance % len(PASSING)] if point < share else 0
        return kind if point < self._noise.lone and not control else 0

    def _line(
        self, vantage: Vantage, target: tuple[str, str, str], at: datetime, kind: int
    ) -> bytes:
        key = (target[2], kind)
        if key not in self._templates:
            self._templates[key] = template(target, kind)
        made = f"019a{int(at.timestamp() * 1e6):x}-{dice(vantage.id, target[2]):08x}-{vantage.id}"
        return (
            self._templates[key]
            .replace(f'"{START:%Y-%m-%dT%H:%M:%SZ}"', f'"{at:%Y-%m-%dT%H:%M:%S.%fZ}"')
            .replace('"@id"', f'"{made}"')
            .replace('"@vantage"', f'"{vantage.id}"')
            .replace('"@country"', f'"{vantage.country}"')
            .replace('"asn":-1', f'"asn":{vantage.asn}')
            .encode()
        )


TROUBLE = {
    "service-1": (4, ()),
    "service-2": (2, ("AB",)),
    "service-3": (5, ("AC", "AD", "AE")),
    "service-4": (1, ("AF",)),
    "service-5": (4, ("AA", "AB", "AC", "AD", "AE", "AF", "AG", "AH")),
}
"""Service → what is seen of it, and in which countries (none: everywhere)."""


def template(target: tuple[str, str, str], kind: int) -> str:
    service, feature, endpoint = target
    address = f"11.{dice(service) % 200 + 1}.{dice(feature) % 200 + 1}.7"
    made = Measurement(
        id="@id", at=START, took=0.3, software="worksforwhom/0.1",
        vantage=Vantage(id="@vantage", country="@country", asn=-1, network="Some Network"),
        target=Target(service=service, feature=feature, endpoint=endpoint),
        health=Health(domestic=Tally(1, 1), foreign=Tally(3, 3)),
        observations=steps(f"{endpoint}.example", address, *KINDS[kind]),
    )  # fmt: skip
    return msgspec.json.encode(made).decode()


def view(world: World, now: datetime) -> View:
    return View(
        now=now, round=ROUND, rounds=ROUNDS, services=world.services, roster=world.vantages,
        heard={vantage.id: now for vantage in world.vantages},
    )  # fmt: skip


# ── what is measured ─────────────────────────────────────────────────────────────────────────


def timed(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def decode(lines: list[bytes]) -> Iterator[Measurement]:
    return map(DECODER.decode, lines)


def heard(lines: Iterable[bytes]) -> Iterator[Sight]:
    """As the correlator hears what is new in its store."""
    return (hear(line).sight for line in lines)


def memory() -> float:
    """Resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while some := list(islice(lines, TICK)):
        yield some


def ticks(size: Size, count: int, noise: Noise) -> dict[str, float]:
    """Judge once every TICK records, so often; the first window is not counted."""
    world, docket = World(size, noise), Docket()
    per_round = sum(1 for _ in world.round(0))
    rounds = -(-count * TICK // per_round)
    lines = [line for number in range(ROUNDS + rounds) for line in world.round(number)]
    steps_ = [lines[n : n + TICK] for n in range(0, len(lines) - TICK + 1, TICK)]
    spent = dict.fromkeys(("decode", "hear", "all"), 0.0)
    counted, told = 0, 0
    for number, tick in enumerate(steps_):
        now = START + ROUND * ((number + 1) * TICK / per_round)
        took = {
            "decode": timed(lambda tick=tick: sum(1 for _ in decode(tick))),  # type: ignore[misc]
            "hear": timed(lambda tick=tick: sum(1 for _ in heard(tick))),  # type: ignore[misc]
        }
        began = time.process_time()
        frame = view(world, now)
        docket.hear(heard(tick))
        docket.forget(window_start(frame))
        told = len(docket.judge(frame))
        took["all"] = time.process_time() - began
        if number * TICK >= ROUNDS * per_round:
            spent = {name: was + took[name] for name, was in spent.items()}
            counted += len(tick)
    return {
        "bytes_a_record": sum(map(len, lines)) / len(lines),
        "records_a_round": per_round,
        "verdicts": told,
        "decode_alone_per_s": counted / spent["decode"],
        "hear_alone_per_s": counted / spent["hear"],
        "hear_docket_judge_per_s": counted / spent["all"],
    }


def judged(docket: Docket, frame: View) -> tuple[float, tuple[Verdict, ...]]:
    """Seconds, and what is said."""
    began = time.process_time()
    told = docket.judge(frame)
    return time.process_time() - began, told


def state(services: int, noise: Noise) -> dict[str, float]:
    world, docket = World(replace(STATE, services=services), noise), Docket()
    for number in range(FIRST, FIRST + ROUNDS):
        docket.hear(heard(world.round(number)))
    end = START + ROUND * (FIRST + ROUNDS)
    first, told = judged(docket, view(world, end))
    spent, count, forgot = 0.0, 0, 0.0
    after_round, after_tick = [], []
    for number in range(AGAIN):
        now = end + ROUND * number
        news = chunks(
            world.round(FIRST + ROUNDS + number)
        )  # a round at once would count as memory
        for tick, some in enumerate(news):
            spent += timed(lambda some=some: docket.hear(heard(some)))  # type: ignore[misc]
            count += len(some)
            if tick == 0:
                told = ()  # as whoever publishes lets go of what was said before
                after_tick.append(judged(docket, view(world, now))[0])
        frame = view(world, now + ROUND)
        forgot += timed(lambda frame=frame: docket.forget(window_start(frame)))  # type: ignore[misc]
        took, told = judged(docket, frame)
        after_round.append(took)
    gc.collect()
    failing = sum(verdict.leading is not Cause.OK for verdict in told)
    return {
        "measurements_held": len(docket),
        "failing_share": world.failed / world.made,
        "verdicts": len(told),
        "verdicts_not_ok": failing,
        "first_judging_s": first,
        "hearing_a_round_us_a_record": spent / count * 1e6,
        "forgetting_a_round_s": forgot / AGAIN,
        "judging_after_a_tick_s": median(after_tick),
        "judging_after_a_round_s": median(after_round),
        "judging_best_s": min(*after_tick, *after_round),
        "judging_worst_s": max(*after_tick, *after_round),
        "memory_mb": memory(),
        "interpreter_and_modules_mb": BARE,
    }


BARE = memory()
PARTS: dict[str, Callable[[int, Noise], dict[str, float]]] = {
    "ticks": lambda _, noise: ticks(TICKS, 20, noise),
    "rounds": lambda _, noise: ticks(ROUNDS_OF_MANY, 10, noise),
    "state": state,
}
"""By name; given are the number of services of the state, and what fails for no reason."""


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the judge is, and how large.")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--services", type=int, default=STATE.services, help="of the state")
    parser.add_argument("--lone", type=float, help="share of records that fail, each by itself")
    arguments = parser.parse_args()
    noise = Noise() if arguments.lone is None else Noise(lone=arguments.lone, bursts=0.0)
    if arguments.part:
        with rarely_collected():  # as in the correlator
            found = PARTS[arguments.part](arguments.services, noise)
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for part in PARTS:  # each in a process of its own: memory is not given back
        command = [sys.executable, __file__, "--part", part, "--services", str(arguments.services)]
        command += ["--lone", str(arguments.lone)] if arguments.lone is not None else []
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603
        sys.stdout.write(f"{part}\n")
        for name, value in found.items():
            sys.stdout.write(f"  {name:32} {value:14,.2f}\n")


if __name__ == "__main__":
    main()
