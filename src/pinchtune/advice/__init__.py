"""What to collect: which languages before the first tuning, and what next after an evaluation.

Numbers, records and sentences only: nothing of models or of a project's files.
"""
