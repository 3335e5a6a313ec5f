"""From an address to who announces it, by a MaxMind-format database that the operator brings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from itertools import islice
from pathlib import Path

from probe.config.check import Problem
from probe.config.document import ConfigError
from probe.config.shape import CorrelatorConfig, QuickstartConfig
from probe.model import DnsLookup, Measurement, Origin

NUMBERS = ("autonomous_system_number", "asn")
ORGANISATIONS = ("autonomous_system_organization", "as_name", "name")
"""Fields by the databases that have them: MaxMind's and DB-IP's; IPinfo's, new and old."""
NUMBER = re.compile(r"(?:AS)?([0-9]{1,10})")
MOST_NUMBER = 2**32 - 1
MOST_NAME = 60
"""Characters of an organisation's name that are kept: it stands in a statement."""
LOOKED_AT = 1000
"""Records among which a database of networks must name one."""
MOST_KNOWN = 50_000
"""Addresses whose origins are remembered; past it the one that was seen first is forgotten."""

BROKEN = (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError)
"""What the reader raises over a broken file, or an address of a family that the file has not."""

log = logging.getLogger(__name__)


class Origins:
    """One database, read into memory whole: the file may be replaced meanwhile, or written over."""

    def __init__(self, path: Path) -> None:
        """Raise ConfigError for a file that cannot be read, is no such database, or names no AS."""
        try:
            import maxminddb  # noqa: PLC0415 — only an operator who has a database needs it
        except ImportError:
            raise ConfigError(
                f"{path} cannot be read without maxminddb; "
                "install it: pip install 'worksforwhom[origins]'"
            ) from None
        try:
            # The reader in Python, slower than the one in C: it refuses what is broken.
            self._reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
            telling = any(_number(record) for _, record in islice(self._reader, LOOKED_AT))
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
        except BROKEN:
            raise ConfigError(f"{path} is no MaxMind-format database (.mmdb)") from None
        if not telling:
            raise ConfigError(f"{path} names no AS; take one that does, such as GeoLite2-ASN.mmdb")

    def of(self, address: str) -> Origin | None:
        """Look one address up; None for one that is unknown, or is none."""
        try:
            record, length = self._reader.get_with_prefix_len(ip_address(address))
            prefix = str(ip_network(f"{address}/{length}", strict=False))
        except BROKEN:
            return None
        number = _number(record)
        if not number or not length:
            return None
        return Origin(prefix=prefix, asn=number, organisation=_organisation(record))


def _number(record: object) -> int:
    """An AS number, as `13335` or `AS13335`; 0 for none."""
    for name in NUMBERS:
        found = record.get(name) if isinstance(record, Mapping) else None
        if isinstance(found, str):
            written = NUMBER.fullmatch(found)
            found = int(written[1]) if written else 0
        if isinstance(found, int) and 0 < found <= MOST_NUMBER:
            return found
    return 0


def _organisation(record: object) -> str:
    for name in ORGANISATIONS:
        found = record.get(name) if isinstance(record, Mapping) else None
        if isinstance(found, str) and found.strip():
            shown = "".join(sign if sign.isprintable() else " " for sign in found)
            return " ".join(shown.split())[:MOST_NAME].rstrip()
    return ""


def problems(config: CorrelatorConfig | QuickstartConfig) -> Iterator[Problem]:
    """Try the database that a configuration names."""
    try:
        if config.judging.origins:
            Origins(Path(config.judging.origins))
    except ConfigError as error:
        yield Problem(("judging", "origins"), str(error))


class Known:
    """The origins of the addresses that were answered lately."""

    def __init__(self, database: Origins | None = None) -> None:
        self._database = database
        self._mark: object = None
        self._seen: dict[str, Origin | None] = {}
        self._told: Mapping[str, Origin] | None = {}

    def renew(self, path: str) -> None:
        """Take up another file, or the same where it changed; a bad one leaves all as it was."""
        mark = _mark(path)
        if mark == self._mark:
            return
        self._mark = mark
        try:
            self._database = Origins(Path(path)) if path else None
        except ConfigError as error:
            log.error("judging.origins: %s; what was known stays", error)  # noqa: TRY400
            return
        self._seen = {a: self._database.of(a) for a in self._seen} if self._database else {}
        self._told = None

    def see(self, measurements: Iterable[Measurement]) -> None:
        """Look up the addresses that are new in DNS answers."""
        for measurement in measurements if self._database is not None else ():
            for step in measurement.observations:
                if isinstance(step, DnsLookup):
                    self.learn(step.answers)

    def learn(self, addresses: Iterable[str]) -> None:
        """Look up the addresses that are new."""
        if self._database is None:
            return
        for address in addresses:
            if address not in self._seen:
                self._seen[address] = self._database.of(address)
                self._told = None
        while len(self._seen) > MOST_KNOWN:
            del self._seen[next(iter(self._seen))]

    def told(self) -> Mapping[str, Origin]:
        """Address → origin, of those that have one; what was given once never changes."""
        if self._told is None:
            self._told = {a: origin for a, origin in self._seen.items() if origin is not None}
        return self._told


def _mark(path: str) -> object:
    """Tell one state of a file from another."""
    if not path:
        return None
    try:
        state = Path(path).stat()
    except (OSError, ValueError):
        return path
    return path, state.st_mtime_ns, state.st_size, state.st_ino
