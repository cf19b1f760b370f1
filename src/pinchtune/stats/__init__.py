"""Estimates with honest intervals, and the tests that a decision rests on.

    clusters        scores in clusters of prompts, resampled by whole clusters
    intervals       from resampled values to intervals and p-values

It knows numbers and names only: nothing of prompts, judges or files. docs/statistics.md says
where each formula is from, when it holds, and how often it errs.
"""

from pinchtune.stats.clusters import ClusteredScores, Resamples
from pinchtune.stats.estimate import DIGITS, LEVEL, NEUTRAL, TAILS, Array, Estimate, summarise_draws
from pinchtune.stats.inferiority import non_inferiority
from pinchtune.stats.intervals import METHOD, Bootstrap, Method

__all__ = [
    "DIGITS",
    "LEVEL",
    "METHOD",
    "NEUTRAL",
    "TAILS",
    "Array",
    "Bootstrap",
    "ClusteredScores",
    "Estimate",
    "Method",
    "Resamples",
    "non_inferiority",
    "summarise_draws",
]
