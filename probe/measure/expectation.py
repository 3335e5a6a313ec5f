"""Whether an answer is what a well service gives: pure."""

from __future__ import annotations

from collections.abc import Callable

from probe.model import Endpoint, Expectation

MET = Expectation.MET
"""Found once: to look a member up in its class costs as much as a call."""
_BAD = 400


def hold(
    endpoint: Endpoint, status: int, length: int, text: Callable[[], str]
) -> tuple[Expectation, str]:
    """Hold an answer against its expectations; also gives the forbidden text that was found.

    `text` is called only where a text is looked for: decoding is the dear part.
    """
    if not endpoint.expect and not endpoint.forbid:
        return _kind(endpoint, status, length), ""
    read = text()
    matched = next((words for words in endpoint.forbid if words and words in read), "")
    kind = _kind(endpoint, status, length)
    if kind is Expectation.STATUS:
        return kind, matched
    if matched:
        return Expectation.FORBIDDEN, matched
    return (kind if endpoint.expect in read else Expectation.MISSING), ""


def _kind(endpoint: Endpoint, status: int, length: int) -> Expectation:
    if status not in endpoint.status if endpoint.status else status >= _BAD:
        return Expectation.STATUS
    return Expectation.SHORT if length < endpoint.min_bytes else MET
