"""From facts to a sentence: evidence, rivals, verdict, incident, statement. Pure: time is an argument."""
