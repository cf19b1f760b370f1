"""The prompts of an evaluation with their languages, groups and clusters, ready for estimates.

All intervals come from the same resamples of prompts, a prompt in all its languages being one draw.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pinchtune.config import ENGLISH, Config
from pinchtune.evaluation.checking.column import has_checks
from pinchtune.evaluation.health import Judged
from pinchtune.evaluation.lengths import LengthControl
from pinchtune.evaluation.measures import Measure, Score
from pinchtune.languages import get_language
from pinchtune.records import Example
from pinchtune.stats import ClusteredScores, Estimate, RepeatedScores, Resamples

GROUPS = ("english", "seen", "unseen")
Json = dict[str, Any]
Estimator = Callable[[Iterable[str]], Estimate]


class Board:
    """The prompts with their languages, groups and clusters, and the shared resamples."""

    def __init__(self, prompts: Sequence[Example], config: Config) -> None:
        self.prompts = {prompt.id: prompt for prompt in prompts}
        self.codes = {i: get_language(p.language).code for i, p in self.prompts.items()}
        self.clusters = {i: p.parallel_id or i for i, p in self.prompts.items()}
        self.counts = Counter(self.codes.values())
        # What has no reference and is checked by program was never to be compared.
        self.compared = {i for i, p in self.prompts.items() if p.response or not has_checks(p)}
        # A language that the project does not name was not tuned either: it is unseen.
        self.languages = list(dict.fromkeys([*config.languages.evaluated, *self.counts]))
        groups = {ENGLISH: "english"} | dict.fromkeys(config.languages.tuned, "seen")
        self.group_of = {code: groups.get(code, "unseen") for code in self.languages}
        settings = config.evaluate
        self.resamples = Resamples(self.clusters.values(), settings.resamples, settings.seed)

    def describe(self) -> list[Json]:
        """Return code, group and number of prompts of each language."""
        return [
            {"code": code, "group": self.group_of[code], "prompts": self.counts[code]}
            for code in self.languages
        ]

    @property
    def groups(self) -> dict[str, list[str]]:
        """The languages of each group."""
        return {g: [c for c in self.languages if self.group_of[c] == g] for g in GROUPS}

    def score(
        self, seeds: Iterable[Mapping[str, Score | None]], most: float = 100.0
    ) -> RepeatedScores:
        """Return the scores of each seed by prompt id, ready for estimates from 0 to `most`."""
        return RepeatedScores([self._score(scores) for scores in seeds], 0.0, most)

    def _score(self, scores: Mapping[str, Score | None]) -> ClusteredScores:
        rows = [(i, score) for i in self.prompts if (score := scores.get(i)) is not None]
        return ClusteredScores(
            self.resamples,
            values=[score.value for _, score in rows],
            clusters=[self.clusters[i] for i, _ in rows],
            languages=[self.codes[i] for i, _ in rows],
            weights=[score.weight for _, score in rows],
        )

    def collect(
        self, items: Sequence[tuple[str, float]], by_language: bool = True
    ) -> ClusteredScores:
        """Return (prompt id, value) of any number a prompt, ready for estimates.

        Not by language, their score is the mean over all of them.
        """
        return ClusteredScores(
            self.resamples,
            values=[value for _, value in items],
            clusters=[self.clusters[i] for i, _ in items],
            languages=[self.codes[i] if by_language else "" for i, _ in items],
        )

    def control_length(self, judged: Sequence[Judged]) -> LengthControl:
        """Return the verdicts, ready for estimates at equal length."""
        ids = [j.verdict.prompt_id for j in judged]
        scores = [j.verdict.score for j in judged]
        return LengthControl(
            self.resamples,
            scores=[math.nan if score is None else score for score in scores],
            differences=[j.lengths[1] - j.lengths[0] for j in judged],
            clusters=[self.clusters[i] for i in ids],
            languages=[self.codes[i] for i in ids],
        )

    def asked(self, measure: Measure) -> Counter[str]:
        """Return the number of prompts that the measure is about, by language."""
        about = measure.concerns
        ours = (i for i, p in self.prompts.items() if about is None or about(p))
        return Counter(self.codes[i] for i in ours)

    def table(
        self, estimate: Estimator, only: frozenset[str] | None, asked: Counter[str] | None = None
    ) -> Json:
        """Return the estimates of each language and group, with how many of the asked lack."""
        codes = [code for code in self.languages if only is None or code in only]
        fill = partial(self._entry, estimate, asked)
        groups = {g: [c for c in ours if c in codes] for g, ours in self.groups.items()}
        return {
            "languages": {code: fill([code]) for code in codes},
            "groups": {group: fill(ours) for group, ours in groups.items()},
        }

    def _entry(self, estimate: Estimator, asked: Counter[str] | None, codes: list[str]) -> Json:
        result = estimate(codes)
        if asked is None:
            return dict(result.to_json())
        return {**result.to_json(), "skipped": sum(asked[code] for code in codes) - result.n}
