"""What the internet between the hosts does to their packets: nouns, the table, the decision."""

from probe.lab.kernel.internet.interference.aim import NothingHit, is_inside
from probe.lab.kernel.internet.interference.mechanism import UnknownMechanism, known, policies

__all__ = ["NothingHit", "UnknownMechanism", "is_inside", "known", "policies"]
