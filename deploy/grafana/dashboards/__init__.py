"""The dashboards, one module each: from the world to a service, a country, a vantage, an incident."""

from deploy.grafana.dashboards import country, incident, service, vantage, world

DASHBOARDS = (world.BOARD, service.BOARD, country.BOARD, vantage.BOARD, incident.BOARD)

__all__ = ["DASHBOARDS"]
