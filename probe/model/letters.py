"""What is no letter but a command: to whatever shows a text, and not to be obeyed there."""

from __future__ import annotations

import re

COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (C0, DEL, C1), ends of lines and paragraphs, and what turns the direction of
writing for what follows (UAX 9, section 2); and halves of letters, which no file can hold. The
joiners and marks that Persian or Hebrew are spelt with are not among them."""
NOT_SHOWN = "\N{REPLACEMENT CHARACTER}"


def commands(text: str) -> bool:
    """Whether there is any in it."""
    # The first is many times as fast, and nearly all texts are of letters alone.
    return not text.isprintable() and COMMANDS.search(text) is not None


def tame(text: str) -> str:
    """One line as it may be shown: a mark stands for each of them."""
    return COMMANDS.sub(NOT_SHOWN, text) if commands(text) else text
