"""Why a foreign record is not read: by a name that is counted, in a sentence that names the field."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    MALFORMED_JSON = "malformed_json"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    NO_TEST_KEYS = "no_test_keys"
    """The probe measured nothing, or kept nothing of it."""
    OTHER_TEST = "other_test"
    """Not web_connectivity."""
    BAD_FIELD = "bad_field"
    """Of the right type, and not what it should say: a time, a country, an AS number."""
    CLIENT_BUG = "client_bug"
    """The probe's own software failed, and no answer of the network is on record."""


class ForeignError(Exception):
    """A record that is refused; its text is one sentence."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
