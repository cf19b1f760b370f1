"""Evaluation: from prompts and answers to scores, and from scores to a decision.

It meets training through files only, and knows no weights: every step here can be repeated
without a GPU.
"""
