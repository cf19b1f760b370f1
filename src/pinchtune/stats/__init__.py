"""Estimates with honest intervals, and the tests that a decision rests on.

    clusters        scores in clusters of prompts, resampled by whole clusters
    intervals       from resampled values to intervals and p-values
    randomisation   the arms swapped on some prompts, by chance
    inferiority     is English kept
    families        several hypotheses at once
    shrinkage       languages with few prompts
    bradley_terry   more than two arms
    agreement       do raters agree
    correlation     do two figures go together
    seeds           the spread between seeds apart from that between prompts
    repeated        one measure in several seeds
    simulation      made-up verdicts whose truth is known
    power           what a plan can show, and how many prompts it takes
    sequential      two means that may be compared at every look

It knows numbers and names only: nothing of prompts, judges or files. docs/statistics.md says
where each formula is from, when it holds, and how often it errs.
"""

from pinchtune.stats.agreement import Rating, alpha
from pinchtune.stats.bradley_terry import Comparison, Standing, bradley_terry
from pinchtune.stats.clusters import ClusteredScores, Resamples, summarise
from pinchtune.stats.correlation import Correlation, correlate
from pinchtune.stats.estimate import DIGITS, LEVEL, NEUTRAL, TAILS, Array, Estimate, summarise_draws
from pinchtune.stats.families import Step, fixed_sequence, holm
from pinchtune.stats.inferiority import NonInferiority, compare_with_margin, non_inferiority
from pinchtune.stats.intervals import METHOD, Bootstrap, Method
from pinchtune.stats.power import (
    MOST_PROMPTS,
    Needed,
    PlannedTest,
    Power,
    Smallest,
    find_headline_power,
    find_power,
    find_prompts,
    find_smallest_effect,
)
from pinchtune.stats.randomisation import Alternative, sign_flip_test
from pinchtune.stats.repeated import RepeatedScores
from pinchtune.stats.seeds import (
    MeanSquares,
    SeedEstimate,
    Uncertainty,
    estimate_over_seeds,
    mean_squares,
)
from pinchtune.stats.sequential import (
    Bounds,
    Design,
    confidence_bounds,
    count_values,
    p_above,
    p_below,
    p_differs,
)
from pinchtune.stats.shrinkage import Effects, Shrunken, draw_effects, least_error, shrink
from pinchtune.stats.simulation import (
    Assumptions,
    Shape,
    assume_from_pilot,
    draw_by_language,
    draw_scores,
)

__all__ = [
    "DIGITS",
    "LEVEL",
    "METHOD",
    "MOST_PROMPTS",
    "NEUTRAL",
    "TAILS",
    "Alternative",
    "Array",
    "Assumptions",
    "Bootstrap",
    "Bounds",
    "ClusteredScores",
    "Comparison",
    "Correlation",
    "Design",
    "Effects",
    "Estimate",
    "MeanSquares",
    "Method",
    "Needed",
    "NonInferiority",
    "PlannedTest",
    "Power",
    "Rating",
    "RepeatedScores",
    "Resamples",
    "SeedEstimate",
    "Shape",
    "Shrunken",
    "Smallest",
    "Standing",
    "Step",
    "Uncertainty",
    "alpha",
    "assume_from_pilot",
    "bradley_terry",
    "compare_with_margin",
    "confidence_bounds",
    "correlate",
    "count_values",
    "draw_by_language",
    "draw_effects",
    "draw_scores",
    "estimate_over_seeds",
    "find_headline_power",
    "find_power",
    "find_prompts",
    "find_smallest_effect",
    "fixed_sequence",
    "holm",
    "least_error",
    "mean_squares",
    "non_inferiority",
    "p_above",
    "p_below",
    "p_differs",
    "shrink",
    "sign_flip_test",
    "summarise",
    "summarise_draws",
]
