"""Choosing the pinch: which examples of a pool stand for what people ask."""
