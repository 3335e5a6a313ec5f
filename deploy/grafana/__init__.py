"""Dashboards as code: what is built here is committed as JSON, and Grafana reads that alone.

Nothing of it runs with an agent or a correlator. `python -m deploy.grafana.generate`, from the
root of the repository, writes the JSON anew.
"""
