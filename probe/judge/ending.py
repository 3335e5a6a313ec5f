"""How an incident's end is said: when it was last seen, and when first it was not."""

from __future__ import annotations

from datetime import datetime

from probe.judge.view import View
from probe.model import Incident

UNSEEN = " No probe on these networks can tell of it now."
"""Said after the words of an incident that is neither seen to go on nor to be over."""

BEFORE = "Said until then: "
"""What follows is in the tense of its time."""


def ended(incident: Incident, words: str, view: View) -> str:
    """Put the end before what was said of it.

    What nobody could see any more was not seen to end; nor when, where nobody looked for so long
    that the window forgot it.
    """
    seen, gone, opened = incident.closed or view.now, incident.gone, incident.opened
    if words.endswith(UNSEEN):
        told = f"Last seen at {_at(seen, opened)}; no probe there could tell of it since."
    elif gone is not None and gone - seen > view.rounds * view.round:
        first = _at(seen, opened) if seen.date() != gone.date() else f"{seen:%H:%M}"
        told = f"Ended between {first} and {_at(gone, opened)}."
    else:
        told = f"Ended at {_at(seen, opened)}."
    return f"{told} {BEFORE}{words.removesuffix(UNSEEN)}"


def _at(time: datetime, opened: datetime) -> str:
    """The day is said where it is another than that of the beginning."""
    day = "" if time.date() == opened.date() else f" on {time.day} {time:%B}"
    return f"{time:%H:%M} UTC{day}"
