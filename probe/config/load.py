"""Configuration files to typed values; the only reader of files of settings and of the environment.

Every error is a ConfigError whose text is `file:line: field: what is wrong; what would be right`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from probe.config import check, convert, document
from probe.config.document import ConfigError
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    EnrolledAgent,
    QuickstartConfig,
    Secret,
    Uplinking,
)

__all__ = [
    "ConfigError",
    "agent",
    "catalogue",
    "correlator",
    "digest",
    "quickstart",
    "read",
    "token",
]

T = TypeVar("T", bound=msgspec.Struct)

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_TOKEN_BYTES = 4096


def agent(path: Path) -> AgentConfig:
    return read(path, AgentConfig)


def correlator(path: Path) -> CorrelatorConfig:
    return read(path, CorrelatorConfig)


def quickstart(path: Path) -> QuickstartConfig:
    return read(path, QuickstartConfig)


def catalogue(path: Path) -> Catalogue:
    return read(path, Catalogue)


def read(path: Path, shape: type[T]) -> T:
    """Read one file as one shape: keys, types, then the shape's own checks.

    Relative paths in it come back relative to the file. Raises ConfigError.
    """
    root = document.parse(path)
    value = _rebased(convert.converted(path, root, shape), path.parent)
    for problem in (*check.problems(value), *_token_problems(value)):
        raise convert.failure(path, root, problem.path, problem.text)
    return value


def token(section: Uplinking | EnrolledAgent) -> Secret:
    """Give the section's token: as written, from `${VARIABLE}`, or from its file.

    Raises ConfigError, without the line: what `read` returned has been through here already.
    """
    text = _file_text(section.token_file) if section.token_file else _expanded(section.token)
    if not text:
        raise ConfigError("token: is empty; give a token, or the name of its file in token_file")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError("token: has spaces or unprintable characters; use letters and digits")
    return Secret(text)


def digest(section: EnrolledAgent) -> str:
    """Give the SHA-256 (hex) of the token that the agent is known by."""
    if section.token_sha256:
        return section.token_sha256.lower()
    return hashlib.sha256(token(section).encode()).hexdigest()


def _expanded(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise ConfigError(f"token: the environment variable {match[1]} is not set")
        return found

    return VARIABLE.sub(value, text)


def _file_text(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_TOKEN_BYTES).decode("ascii").strip()
    except OSError as error:
        raise ConfigError(f"token_file: {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"token_file: {name} is not plain ASCII text") from None


def _token_problems(value: msgspec.Struct) -> Iterable[check.Problem]:
    """Try every token of a whole configuration, so that a bad one is found with its line."""
    sections: list[tuple[tuple[str | int, ...], Uplinking | EnrolledAgent]] = []
    match value:
        case AgentConfig():
            sections = [(("uplink",), value.uplink)]
        case CorrelatorConfig():
            sections = [(("agents", n), a) for n, a in enumerate(value.agents)]
        case _:
            return
    seen: dict[str, int] = {}
    for number, (path, section) in enumerate(sections):
        try:
            known = digest(section) if isinstance(section, EnrolledAgent) else token(section)
        except ConfigError as error:
            field, _, text = str(error).partition(": ")
            yield check.Problem((*path, field), text)
            return
        if known in seen:
            yield check.Problem(path, f"has the same token as agents[{seen[known]}]; each its own")
        seen[known] = number


# ── paths ────────────────────────────────────────────────────────────────────────────────────

PATHS: dict[type[msgspec.Struct], tuple[str, ...]] = {
    AgentConfig: (
        "services",
        "spool.path",
        "uplink.token_file",
        "uplink.trust",
        "measuring.trust",
    ),
    CorrelatorConfig: (
        "services",
        "store.path",
        "tls.certificate",
        "tls.key",
        "agents.*.token_file",
    ),
    QuickstartConfig: ("services", "state", "measuring.trust"),
}
"""The fields that name files."""


def _rebased(value: T, folder: Path) -> T:
    for pattern in PATHS.get(type(value), ()):
        value = _moved(value, pattern.split("."), folder)
    return value


def _moved(value: T, parts: list[str], folder: Path) -> T:
    name, *rest = parts
    held = getattr(value, name)
    if not held:
        return value
    moved: object
    if not rest:
        moved = str(folder / held)
    elif rest[0] == "*":
        moved = tuple(_moved(item, rest[1:], folder) for item in held)
    else:
        moved = _moved(held, rest, folder)
    return msgspec.structs.replace(value, **{name: moved})
