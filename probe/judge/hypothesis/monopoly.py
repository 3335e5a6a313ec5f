"""Countries whose only provider is known: there, and there alone, one network speaks for all.

That a single network was looked at says nothing of the kind: two probes in one office, behind
its own firewall, look just like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SOLE: Mapping[str, frozenset[int]] = {
    "CU": frozenset({11960, 27725}),
    "ER": frozenset({30987}),
    "KP": frozenset({131279}),
    "TM": frozenset({20661}),
}
"""Country → AS numbers of the state's provider, through which everybody reaches the outside: ETECSA,
EriTel, Star, Turkmentelecom (netblocks.md, 18, of Cuba; the registries' names of the AS numbers)."""


def dominant(country: str, networks: Iterable[int]) -> bool:
    """Whether these networks, one at least, are the country's only provider's."""
    asns = set(networks)
    return bool(asns) and asns <= SOLE.get(country, frozenset())
