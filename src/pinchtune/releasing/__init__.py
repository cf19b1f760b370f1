"""Versions of a model: what was released, which one answers, and the way back."""
