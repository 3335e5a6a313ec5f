"""Snapshots rendered as Prometheus families at scrape; the only user of prometheus_client."""
