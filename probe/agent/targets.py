"""The catalogue as one vantage measures it: every endpoint of a service, and its own controls. Pure."""

from __future__ import annotations

from probe.config.shape import Catalogue
from probe.model import CONTROL, Endpoint, Reach, Target


def targets(catalogue: Catalogue, country: str) -> dict[Target, Endpoint]:
    """Give the controls first; domestic ones only where they are at home."""
    chosen = {
        Target(service=CONTROL, feature=control.reach, endpoint=control.endpoint.id): (
            control.endpoint
        )
        for control in catalogue.controls
        if control.reach is Reach.FOREIGN or control.country == country
    }
    for service in catalogue.services:
        for feature in service.features:
            for endpoint in feature.endpoints:
                target = Target(service=service.id, feature=feature.id, endpoint=endpoint.id)
                chosen[target] = endpoint
    return chosen
