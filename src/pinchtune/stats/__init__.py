"""Estimates with honest intervals, and the tests that a decision rests on.

    clusters        scores in clusters of prompts, resampled by whole clusters
    intervals       from resampled values to intervals and p-values
    randomisation   the arms swapped on some prompts, by chance
    inferiority     is English kept
    families        several hypotheses at once

It knows numbers and names only: nothing of prompts, judges or files. docs/statistics.md says
where each formula is from, when it holds, and how often it errs.
"""

from pinchtune.stats.clusters import ClusteredScores, Resamples
from pinchtune.stats.estimate import DIGITS, LEVEL, NEUTRAL, TAILS, Array, Estimate, summarise_draws
from pinchtune.stats.families import Step, fixed_sequence, holm
from pinchtune.stats.inferiority import NonInferiority, compare_with_margin, non_inferiority
from pinchtune.stats.intervals import METHOD, Bootstrap, Method
from pinchtune.stats.randomisation import Alternative, sign_flip_test

__all__ = [
    "DIGITS",
    "LEVEL",
    "METHOD",
    "NEUTRAL",
    "TAILS",
    "Alternative",
    "Array",
    "Bootstrap",
    "ClusteredScores",
    "Estimate",
    "Method",
    "NonInferiority",
    "Resamples",
    "Step",
    "compare_with_margin",
    "fixed_sequence",
    "holm",
    "non_inferiority",
    "sign_flip_test",
    "summarise_draws",
]
