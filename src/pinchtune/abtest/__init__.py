"""The live A/B test: who gets which arm, what was said of the answers, and when to stop."""
