"""Configuration files to typed values; the only reader of files of settings and of the environment.

Every error is a ConfigError whose text is `file:line: field: what is wrong; what would be right`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from probe.config import check, convert, document, web
from probe.config.document import ConfigError, EmptyError
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    Discovering,
    EnrolledAgent,
    QuickstartConfig,
    Receiver,
    ReferenceConfig,
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
    "reference",
    "secret",
    "token",
    "web_config",
]

T = TypeVar("T", bound=msgspec.Struct)

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_TOKEN_BYTES = 4096


def agent(path: Path) -> AgentConfig:
    return read(path, AgentConfig)


def correlator(
    path: Path, also: Callable[[CorrelatorConfig], Iterable[check.Problem]] = lambda _: ()
) -> CorrelatorConfig:
    return read(path, CorrelatorConfig, also)


def reference(path: Path) -> ReferenceConfig:
    return read(path, ReferenceConfig)


def quickstart(
    path: Path, also: Callable[[QuickstartConfig], Iterable[check.Problem]] = lambda _: ()
) -> QuickstartConfig:
    return read(path, QuickstartConfig, also)


def catalogue(path: Path) -> Catalogue:
    return read(path, Catalogue)


def web_config(path: Path) -> web.WebConfig:
    """Read how a listener is protected; an empty file protects nothing and is no error."""
    try:
        return read(path, web.WebConfig)
    except EmptyError:
        return web.WebConfig()


def read(
    path: Path, shape: type[T], also: Callable[[T], Iterable[check.Problem]] = lambda _: ()
) -> T:
    """Read one file as one shape: keys, types, the shape's own checks, and what `also` finds.

    Relative paths in it come back relative to the file. Raises ConfigError.
    """
    root = document.parse(path)
    value = _rebased(convert.converted(path, root, shape), path.parent)
    for problem in (
        *_problems(value),
        *_file_problems(value),
        *_token_problems(value),
        *also(value),
    ):
        raise convert.failure(path, root, problem.path, problem.text)
    return value


def _problems(value: msgspec.Struct) -> Iterator[check.Problem]:
    rules = web.RULES if isinstance(value, web.WebConfig) else ()
    yield from check.problems(value)
    yield from check.against(rules, value)


def token(section: Uplinking | EnrolledAgent | Discovering | Receiver) -> Secret:
    """Give the section's token: as written, from `${VARIABLE}`, or from its file.

    Raises ConfigError, without the line: what `read` returned has been through here already.
    """
    return _resolved("token", section.token, section.token_file)


def secret(receiver: Receiver) -> Secret:
    """Give what signs the deliveries, found as a token is; raises ConfigError."""
    return _resolved("secret", receiver.secret, receiver.secret_file)


def digest(section: EnrolledAgent | Discovering) -> str:
    """Give the SHA-256 (hex) of the token that the agent, or the reader, is known by."""
    if section.token_sha256:
        return section.token_sha256.lower()
    return hashlib.sha256(token(section).encode()).hexdigest()


def _resolved(field: str, written: str, file: str) -> Secret:
    text = _file_text(field, file) if file else _expanded(field, written)
    if not text:
        raise ConfigError(
            f"{field}: is empty; give a {field}, or the name of its file in {field}_file"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(f"{field}: has spaces or unprintable characters; use letters and digits")
    return Secret(text)


def _expanded(field: str, text: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise ConfigError(f"{field}: the environment variable {match[1]} is not set")
        return found

    return VARIABLE.sub(value, text)


def _file_text(field: str, name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_TOKEN_BYTES).decode("ascii").strip()
    except OSError as error:
        raise ConfigError(f"{field}_file: {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{field}_file: {name} is not plain ASCII text") from None


# ── files that are named ─────────────────────────────────────────────────────────────────────

MOST_BUNDLE_BYTES = 16 * 1024 * 1024
BUNDLES: dict[type[msgspec.Struct], tuple[str, ...]] = {
    AgentConfig: ("measuring.trust", "uplink.trust"),
    QuickstartConfig: ("measuring.trust",),
}
"""The fields that name bundles of roots: tried here, so that a bad one is found with its line."""


def _file_problems(value: msgspec.Struct) -> Iterator[check.Problem]:
    fields = BUNDLES.get(type(value), ())
    yield from check.against([check.Whole(field, _unreadable) for field in fields], value)


def _unreadable(name: object) -> Iterator[check.Problem]:
    if not isinstance(name, str) or not name:
        return
    try:
        with Path(name).open("rb") as file:
            if b"-----BEGIN" not in file.read(MOST_BUNDLE_BYTES):
                yield check.Problem((), f"{name} is no PEM file; it must have -----BEGIN lines")
    except OSError as error:
        yield check.Problem((), f"{name} cannot be read: {error.strerror}")
    except ValueError:
        yield check.Problem((), f"{name!r} is not a file name")


# ── tokens and secrets ───────────────────────────────────────────────────────────────────────

Sought = tuple[tuple[str | int, ...], Callable[[], str]]
"""Where a token or secret stands, and how it is found."""


def _token_problems(value: msgspec.Struct) -> Iterable[check.Problem]:
    """Try every token of a whole configuration, so that a bad one is found with its line."""
    match value:
        case AgentConfig():
            yield from _unfound([(("uplink",), partial(token, value.uplink))])
        case CorrelatorConfig():
            agents: list[Sought] = [
                (("agents", n), partial(digest, agent)) for n, agent in enumerate(value.agents)
            ]
            yield from _doubled(agents) or _unfound(_others(value))
        case _:
            return


def _others(config: CorrelatorConfig) -> Iterator[Sought]:
    if config.discovery:
        yield ("discovery",), partial(digest, config.discovery)
    for number, receiver in enumerate(config.webhooks.receivers):
        path = ("webhooks", "receivers", number)
        if receiver.token or receiver.token_file:
            yield path, partial(token, receiver)
        if receiver.secret or receiver.secret_file:
            yield path, partial(secret, receiver)


def _unfound(sought: Iterable[Sought]) -> Iterator[check.Problem]:
    for path, find in sought:
        try:
            find()
        except ConfigError as error:
            field, _, text = str(error).partition(": ")
            yield check.Problem((*path, field), text)
            return


def _doubled(agents: Sequence[Sought]) -> list[check.Problem]:
    """Find what cannot be read, or else two agents with one token."""
    problems = [*_unfound(agents)]
    seen: dict[str, int] = {}
    for number, (path, find) in enumerate([] if problems else agents):
        known = find()
        if known in seen:
            text = f"has the same token as agents[{seen[known]}]; each its own"
            problems.append(check.Problem(path, text))
        seen[known] = number
    return problems


# ── paths ────────────────────────────────────────────────────────────────────────────────────

PATHS: dict[type[msgspec.Struct], tuple[str, ...]] = {
    AgentConfig: (
        "services",
        "spool.path",
        "uplink.token_file",
        "uplink.trust",
        "web.config_file",
        "measuring.trust",
        "measuring.fingerprints.*",
    ),
    CorrelatorConfig: (
        "services",
        "store.path",
        "tls.certificate",
        "tls.key",
        "web.config_file",
        "pages.config_file",
        "metrics.config_file",
        "agents.*.token_file",
        "discovery.token_file",
        "webhooks.receivers.*.token_file",
        "webhooks.receivers.*.secret_file",
        "webhooks.receivers.*.trust",
        "judging.origins",
    ),
    QuickstartConfig: (
        "services",
        "state",
        "measuring.trust",
        "measuring.fingerprints.*",
        "web.config_file",
        "judging.origins",
    ),
    ReferenceConfig: ("tls.certificate", "tls.key", "metrics.config_file"),
    web.WebConfig: web.PATHS,
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
    elif rest == ["*"]:
        moved = tuple(str(folder / item) for item in held)
    elif rest[0] == "*":
        moved = tuple(_moved(item, rest[1:], folder) for item in held)
    else:
        moved = _moved(held, rest, folder)
    return msgspec.structs.replace(value, **{name: moved})
