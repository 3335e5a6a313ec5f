"""Others' measurements as ours, and ours as theirs: OONI's web_connectivity. Pure."""
