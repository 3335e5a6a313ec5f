"""The internet between the hosts: one process that routes every packet, and may interfere."""
