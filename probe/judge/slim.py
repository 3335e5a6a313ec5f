"""A kind of record that holds a few of another's fields; all others are the same for all of it.

Nearly everything a window holds is whole answers, and most of what a sight can tell is nothing
there: what is not told is held once, on the class, and read by the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import msgspec
from msgspec import NODEFAULT

T = TypeVar("T", bound=msgspec.Struct)


def slim(kind: type[T], held: tuple[str, ...], alike: Mapping[str, object]) -> Callable[..., T]:
    """Derive from `kind` what holds these fields; of the others `alike`, or else the default."""
    fields = msgspec.structs.fields(kind)
    shown = [(f.name, f.type, msgspec.field()) for f in fields if f.name in held]
    told = {f.name: alike.get(f.name, f.default) for f in fields if f.name not in held}
    missing = [name for name, value in told.items() if value is NODEFAULT]
    if missing:
        raise TypeError(f"{kind.__name__} has no default for {', '.join(missing)}")
    made = msgspec.defstruct(
        f"Slim{kind.__name__}", shown, namespace=told,
        frozen=True, kw_only=True, eq=False, gc=False,
    )  # fmt: skip
    return cast("Callable[..., T]", made)
