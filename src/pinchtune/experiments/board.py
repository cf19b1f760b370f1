"""Means with intervals from the scores of many arms.

A point is one arm under all its seeds. Every estimate is paired where it compares (the same
prompts, the same seed) and counts a prompt in all its languages as one draw. What the seeds add
is told apart: `these_seeds` holds for the very models that were tuned, `any_seeds` for others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pinchtune.config import ENGLISH, Config
from pinchtune.evaluation.measures import MEASURES, Score
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.recipe import BITS, WIN_RATE
from pinchtune.experiments.scores import Scored
from pinchtune.stats import (
    Array,
    ClusteredScores,
    Estimate,
    Resamples,
    SeedEstimate,
    estimate_over_seeds,
)

GROUPS = ("english", "seen", "unseen")
NON_ENGLISH = "non_english"
LOWER = frozenset(m.name for m in MEASURES if m.better == "lower")


@dataclass(frozen=True)
class Point:
    """Arms that differ in their seed alone, in the order of the seeds."""

    arms: tuple[Arm, ...]

    @property
    def arm(self) -> Arm:
        """The first of them: what all of them are, but for the seed."""
        return self.arms[0]

    @property
    def percent(self) -> float:
        """Share of the mixture that is not English, in percent."""
        mix = self.arm.config.mix
        if mix.percent is not None:
            return mix.percent
        total = mix.budget + (mix.dose if mix.mode == "add" else 0)
        return 100.0 * (self.arm.dose or 0) / total if total else math.nan

    @property
    def is_whole(self) -> bool:
        """True if the whole mixture is in one language: a monolingual arm."""
        return not self.arm.untuned and (self.arm.dose == 0 or self._is_alone)

    @property
    def _is_alone(self) -> bool:
        return self.percent == 100 and len(self.arm.languages) == 1

    @property
    def language(self) -> str:
        """The language of a monolingual arm."""
        return self.arm.languages[0] if self.arm.languages else ENGLISH


class Board:
    """The arms of a recipe that have scores."""

    def __init__(self, config: Config, arms: Sequence[Arm], scored: Mapping[str, Scored]) -> None:
        self.config, self.scored = config, scored
        self.total = len(arms)
        self.arms = [arm for arm in arms if arm.id in scored]
        found: dict[str, list[Arm]] = {}
        for arm in sorted(self.arms, key=lambda arm: arm.seed):
            found.setdefault(arm.point, []).append(arm)
        order = {arm.point: i for i, arm in reversed([*enumerate(self.arms)])}
        self.points = [Point(tuple(found[k])) for k in sorted(found, key=lambda k: order[k])]
        self._clustered: dict[tuple[str, str, str], ClusteredScores] = {}

    @cached_property
    def resamples(self) -> Resamples:
        """Resamples of all prompts of all arms."""
        clusters = {p.cluster for s in self.scored.values() for p in s.prompts}
        # Intervals over seeds do not resample; one row keeps the order of the clusters.
        return Resamples(clusters, 1, self.config.evaluate.seed)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Languages of the recipe's groups."""
        languages = self.config.languages
        return {
            "english": (ENGLISH,),
            "seen": languages.tuned,
            "unseen": languages.unseen,
            NON_ENGLISH: languages.evaluated[1:],
        }

    def groups_of(self, point: Point) -> dict[str, tuple[str, ...]]:
        """Return the groups of a point: seen are the languages of its own pinch, if it has one."""
        own = point.arm.languages
        if not own:
            return self.groups
        unseen = tuple(code for code in self.groups[NON_ENGLISH] if code not in own)
        return {**self.groups, "seen": own, "unseen": unseen}

    @cached_property
    def languages(self) -> list[str]:
        """Languages that have prompts, in the recipe's order."""
        have = {p.language for s in self.scored.values() for p in s.prompts}
        return [code for code in self.config.languages.evaluated if code in have]

    @property
    def untuned(self) -> Point | None:
        """The base model as it is, if it is one of the arms."""
        return next((p for p in self.points if p.arm.untuned), None)

    def control(self, point: Point) -> Point | None:
        """Return the English arm that a point is compared with: like it in all but the pinch."""
        english = [p for p in self.points if p.arm.dose == 0 and not p.arm.untuned]
        if point.arm.untuned:
            return next((p for p in english if p.arm.answers_like(point.arm)), None)
        return next((p for p in english if p.arm.beside_pinch == point.arm.beside_pinch), None)

    def whole(self, code: str) -> Point | None:
        """Return the arm that is tuned on one language alone."""
        return next((p for p in self.points if p.is_whole and p.language == code), None)

    def estimate(
        self, point: Point, measure: str, languages: Iterable[str], against: Point | None = None
    ) -> SeedEstimate | None:
        """Return a measure of a point over languages; None where nothing was scored.

        `win_rate` is taken against `against`, or against the point's control.
        """
        other = against or self.control(point)
        scores = [self._scores(arm, measure, other) for arm in point.arms]
        found = self._over_seeds(scores, list(languages))
        return found and found.within(0.0, most(measure))

    def difference(
        self, point: Point, first: Point, measure: str, languages: Sequence[str]
    ) -> SeedEstimate | None:
        """Return a measure of a point minus that of another one, seed by seed.

        Over the languages that have scores on both sides and in every seed, so that nothing but
        the arms differs.
        """
        before = {arm.seed: arm for arm in first.arms}
        fixed = first.arms[0] if first.arm.untuned else None
        pairs = [
            (self._scores(arm, measure), self._scores(other, measure))
            for arm in point.arms
            if (other := before.get(arm.seed, fixed))
        ]
        counts = [{c: min(a.counts[c], b.counts[c]) for c in languages} for a, b in pairs]
        codes = [code for code in languages if all(each[code] for each in counts)]
        tables = [mine.paired_pseudo_values(theirs, codes) for mine, theirs in pairs]
        n = min((sum(each[code] for code in codes) for each in counts), default=0)
        found = _summarise(tables, n)
        return found and found.within(-most(measure), most(measure))

    def tables(self, point: Point, measure: str, languages: Iterable[str]) -> list[Array]:
        """Return what each prompt says of a measure, seed by seed; all in one order of prompts."""
        codes, control = list(languages), self.control(point)
        return [self._scores(arm, measure, control).pseudo_values(codes) for arm in point.arms]

    def _over_seeds(self, arms: Sequence[ClusteredScores], codes: list[str]) -> SeedEstimate | None:
        tables = [scores.pseudo_values(codes) for scores in arms]
        return _summarise(tables, sum(arms[0].counts[code] for code in codes))

    def by_seed(self, point: Point, measure: str, languages: Iterable[str]) -> dict[int, float]:
        """Return a measure of each seed by itself."""
        codes, found = list(languages), {}
        for arm in point.arms:
            value = _summarise(
                [self._scores(arm, measure, self.control(point)).pseudo_values(codes)]
            )
            if value:
                found[arm.seed] = value.these_seeds.value
        return found

    def _scores(self, arm: Arm, measure: str, against: Point | None = None) -> ClusteredScores:
        other = _same_seed(arm, against) if measure == WIN_RATE and against else None
        key = (arm.id, measure, other.id if other else "")
        if key not in self._clustered:
            self._clustered[key] = self._cluster(self.scored[arm.id], self._values(*key))
        return self._clustered[key]

    def _values(self, arm: str, measure: str, other: str) -> list[Score | None]:
        scored = self.scored[arm]
        if measure != WIN_RATE:
            return scored[measure]
        won = scored.wins_against(self.scored[other]) if other else {}
        return [won.get(prompt.id) for prompt in scored.prompts]

    def _cluster(self, scored: Scored, values: Sequence[Score | None]) -> ClusteredScores:
        return ClusteredScores(
            self.resamples,
            [math.nan if score is None else score.value for score in values],
            [prompt.cluster for prompt in scored.prompts],
            [prompt.language for prompt in scored.prompts],
            [1.0 if score is None else score.weight for score in values],
        )


def _same_seed(arm: Arm, point: Point) -> Arm | None:
    """Return the arm of a point with this arm's seed; the untuned one has none."""
    if point.arm.untuned:
        return point.arm
    return next((other for other in point.arms if other.seed == arm.seed), None)


def _summarise(tables: Sequence[Array], n: int = 0) -> SeedEstimate | None:
    known = [table for table in tables if not np.isnan(table).all()]
    return estimate_over_seeds(known, n) if known else None


def shown(estimate: SeedEstimate) -> Estimate:
    """Return the interval to draw: over seeds where they are known, else over prompts alone."""
    return estimate.any_seeds if estimate.knows_seeds else estimate.these_seeds


def most(measure: str) -> float:
    """Return the largest value that a measure can have."""
    return math.inf if measure == BITS else 100.0


def better(measure: str) -> int:
    """Return 1 if more of a measure is better, else -1."""
    return -1 if measure in LOWER else 1
