"""From logs to candidates: what people ask, how often, in which language."""
