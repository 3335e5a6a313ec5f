from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from probe.lab.simulated.looks import looks


@given(st.text())
def test_a_body_is_measured_in_bytes_and_named_by_its_digest(body: str) -> None:
    seen, raw = looks(body), body.encode()
    assert seen.length == len(raw)
    assert seen.digest == hashlib.sha256(raw).hexdigest()
    assert looks(body) is seen


def test_a_page_has_a_title_and_nothing_has_none() -> None:
    assert looks("<title>Chirp</title>").title == "Chirp"
    assert (looks("").length, looks("").title) == (0, "")
