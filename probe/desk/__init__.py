"""The judge at a desk: files of what was measured in, verdicts, incidents and reasons out.

Nothing here listens, measures or stores.
"""
