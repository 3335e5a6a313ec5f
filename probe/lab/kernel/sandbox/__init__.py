"""Namespaces, the processes in them, and the links between: nothing in here knows a scenario."""
