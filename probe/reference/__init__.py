"""A small server of ours on an unfiltered network, that differential tests are held against.

It keeps nothing of who calls, sends nothing that was not asked for, and connects to nobody.
"""

from probe.reference.root import Hooks, run

__all__ = ["Hooks", "run"]
