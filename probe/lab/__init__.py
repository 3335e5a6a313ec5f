"""An internet made here: the real agent and correlator, under a known truth."""
