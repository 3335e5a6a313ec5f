"""How good the judge is: every scenario played many times in virtual time, and quiet weeks, in figures."""
