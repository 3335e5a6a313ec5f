"""What the internet between the hosts does to their packets: nouns, the table, the decision."""

from probe.lab.kernel.internet.interference.mechanism import (
    NOTICE_PAGE,
    NothingHit,
    UnknownMechanism,
    is_inside,
    known,
    policies,
)

__all__ = ["NOTICE_PAGE", "NothingHit", "UnknownMechanism", "is_inside", "known", "policies"]
