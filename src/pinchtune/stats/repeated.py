"""One measure in several seeds: each seed's scores on the same prompts, and what they say together.

With one seed all is as `ClusteredScores` says. With more the score is the mean over seeds, and its
interval counts that other seeds, and other prompts, would say something else (`seeds`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pinchtune.stats.clusters import ClusteredScores
from pinchtune.stats.estimate import NEUTRAL, Array, Estimate
from pinchtune.stats.randomisation import sign_flip_test
from pinchtune.stats.seeds import SeedEstimate, estimate_over_seeds


class RepeatedScores:
    """Scores of one measure in one arm, by seed; the arms of several seeds share their prompts.

    No interval goes beyond `low` and `high`, the least and the most that the measure can be.
    """

    def __init__(
        self, seeds: Sequence[ClusteredScores], low: float = -math.inf, high: float = math.inf
    ) -> None:
        self.seeds, self.low, self.high = tuple(seeds), low, high

    def estimate(self, languages: Iterable[str] | None = None) -> Estimate:
        """Return the score over `languages` (all by default), in the unit of the values."""
        if len(self.seeds) == 1:
            return self.seeds[0].estimate(languages)
        codes = None if languages is None else list(languages)
        each = [seed.bootstrap(codes) for seed in self.seeds]
        mean = _mean([one.value for one in each], min(one.n for one in each))
        return self._clip(_widen(mean, self.over_seeds(codes)))

    def difference(self, first: RepeatedScores, languages: Iterable[str] | None = None) -> Estimate:
        """Return this score minus `first`'s, paired within each seed."""
        pairs = list(zip(self.seeds, first.seeds, strict=True))
        if len(pairs) == 1:
            return self.seeds[0].difference(first.seeds[0], languages)
        codes = None if languages is None else list(languages)
        each = [mine.bootstrap_difference(theirs, codes) for mine, theirs in pairs]
        tables = [mine.paired_pseudo_values(theirs, codes) for mine, theirs in pairs]
        mean = _mean([one.value for one in each], min(one.n for one in each))
        return _widen(mean, _over(tables))

    def over_seeds(self, languages: Iterable[str] | None = None) -> SeedEstimate | None:
        """Return the spread between seeds apart from that between prompts.

        None with one seed, or where a seed has no score.
        """
        codes = None if languages is None else list(languages)
        return _over([seed.pseudo_values(codes) for seed in self.seeds])

    def p_above(self, limit: float, languages: Iterable[str] | None = None) -> float:
        """Return the one-sided p-value of "it is at most `limit`"; NaN where nothing is known."""
        if len(self.seeds) == 1:
            return self.seeds[0].bootstrap(languages).p_above(limit)
        codes = None if languages is None else list(languages)
        found, mean = self.over_seeds(codes), self.estimate(codes).value
        return math.nan if found is None else float(found.uncertainty.p_above(mean - limit))

    def p_different(self, language: str, neutral: float = NEUTRAL) -> float:
        """Return the two-sided p-value of "the arms are alike in this language".

        Chance may lie in the prompts or in the seeds: the larger p-value of the two counts.
        """
        if not all(seed.counts[language] for seed in self.seeds):
            return math.nan
        added = np.mean([seed.contributions([language], neutral) for seed in self.seeds], axis=0)
        p = sign_flip_test(added, "two-sided")
        if len(self.seeds) == 1:
            return p
        above = self.p_above(neutral, [language])
        return math.nan if math.isnan(above) else max(p, 2 * min(above, 1 - above))

    def _clip(self, found: Estimate) -> Estimate:
        low, high = (float(np.clip(bound, self.low, self.high)) for bound in found[1:3])
        return Estimate(found.value, low, high, found.n)


def _over(tables: Sequence[Array]) -> SeedEstimate | None:
    if len(tables) < 2 or any(np.isnan(table).all() for table in tables):
        return None
    n = int(min((~np.isnan(table)).sum() for table in tables))
    return estimate_over_seeds(tables, n)


def _mean(values: Sequence[float], n: int) -> Estimate:
    """Return the mean of the seeds that have a score, without an interval."""
    known = [value for value in values if not math.isnan(value)]
    mean = sum(known) / len(known) if known else math.nan
    return Estimate(mean, math.nan, math.nan, n)


def _widen(mean: Estimate, found: SeedEstimate | None) -> Estimate:
    """Return the mean with the interval over seeds and prompts."""
    if found is None:
        return mean
    half = (found.any_seeds.high - found.any_seeds.low) / 2
    return Estimate(mean.value, mean.value - half, mean.value + half, mean.n)
