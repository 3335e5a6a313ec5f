"""One look from one vantage, held against the look that a helper elsewhere took for it.

Its own way beside the hypotheses, which need several networks, rounds and countries: here there
are two looks, so the most that is ever said is `likely`, and `insufficient` is said often.
"""
