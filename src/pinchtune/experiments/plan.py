"""What is still to be done for some recipes: tunings, each with all that answer from it.

A tuning and its answers are one job: the weights stay where they were made, and go when the last
of its arms has answered. Jobs go seed by seed, so that a run that is stopped early has whole
comparisons of the first seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH, Config, DataConfig
from pinchtune.data.mix import known_rows, pinch_size, shares
from pinchtune.errors import UsageError
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.base import weights_of
from pinchtune.experiments.scores import is_current
from pinchtune.experiments.store import Store
from pinchtune.languages import get_language
from pinchtune.records import Example
from pinchtune.stages.project import Project, stage_key
from pinchtune.stages.select import selection_inputs


class Job(NamedTuple):
    """One tuning, and the arms that are still to answer from it."""

    arms: tuple[Arm, ...]
    keys: tuple[str, ...]
    """What each arm is made from, data by content."""

    @property
    def id(self) -> str:
        """Name of the weights."""
        return self.arms[0].tuning_id


@dataclass(frozen=True, eq=False)
class Source:
    """The data that some arms name, read once."""

    project: Project

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Hash of each data set."""
        return {name: self.project.data_hash(name) for name in ("base", "pinch", "evaluation")}

    @cached_property
    def base(self) -> list[Example]:
        """The English examples that can be drawn."""
        rows = known_rows(self.project.examples("base"))
        return [*{e.id: e for e in rows if e.language == ENGLISH}.values()]

    @cached_property
    def pool(self) -> dict[str, list[Example]]:
        """The examples of the pool that can be drawn, by language."""
        found: dict[str, list[Example]] = {}
        for e in {e.id: e for e in known_rows(self.project.pool().drawable)}.values():
            found.setdefault(get_language(e.language).code, []).append(e)
        return found

    @cached_property
    def prompts(self) -> list[Example]:
        """The prompts to answer, without a limit on their number."""
        return self.project.examples("evaluation")

    def count_prompts(self, config: Config) -> int:
        """Return how many prompts an arm answers."""
        return len(replace(self.project, config=config).evaluation_prompts())


class Plan:
    """The arms of some recipes, and the jobs that are left."""

    def __init__(self, project: Project, arms: Sequence[Arm], store: Store) -> None:
        self.project, self.store = project, store
        self.arms = list({arm.id: arm for arm in arms}.values())
        self._sources: dict[DataConfig, Source] = {}
        self._weights: dict[str, Any] = {}

    def source(self, arm: Arm) -> Source:
        """Return the data of an arm."""
        data = arm.config.data
        if data not in self._sources:
            # The languages of a recipe are what rows without one are identified among.
            self._sources[data] = Source(replace(self.project, config=arm.config))
        return self._sources[data]

    def key(self, arm: Arm) -> str:
        """Return what an arm is made from: its configuration, the content of data and weights.

        Not how it is measured: kept answers are scored anew.
        """
        hashes = self.source(arm).hashes
        used = {"evaluation": hashes["evaluation"], "base": "" if arm.untuned else hashes["base"]}
        used["pinch"] = hashes["pinch"] if arm.dose != 0 else ""
        made = {"arm": arm.id, "data": used, "weights": self.weights(arm)}
        if arm.dose != 0:
            made["selection"] = selection_inputs(replace(self.project, config=arm.config))
        return stage_key("experiment", made)

    def weights(self, arm: Arm) -> Any:
        """Return what identifies the weights of an arm's base model, read once."""
        base = arm.config.model.base
        if base not in self._weights:
            self._weights[base] = weights_of(base)
        return self._weights[base]

    @cached_property
    def jobs(self) -> list[Job]:
        """The jobs that are left, first seeds first."""
        found: dict[str, list[Arm]] = {}
        for arm in sorted(self.arms, key=lambda arm: arm.seed):
            scores = self.store.read("scores", arm.id, self.key(arm))
            if scores is None or not is_current(scores):
                found.setdefault(arm.tuning_id, []).append(arm)
        return [Job(tuple(arms), tuple(map(self.key, arms))) for arms in found.values()]

    def unanswered(self, job: Job) -> list[Arm]:
        """Return the arms of a job whose answers are not kept."""
        pairs = zip(job.arms, job.keys, strict=True)
        return [arm for arm, key in pairs if self.store.read("answers", arm.id, key) is None]

    def check(self) -> None:
        """Raise UsageError for what the data cannot give, before hours of tuning."""
        self._check_pools()
        for arm in self.arms:
            if arm.config.generate.endpoint:
                raise UsageError(
                    f"generate.endpoint: {arm.config.generate.endpoint} would answer for every "
                    "arm with the same model; take it out of pinch.toml"
                )
            self.source(arm).count_prompts(arm.config)
            if not arm.untuned:
                self._check_draw(arm)

    def _check_pools(self) -> None:
        arms = [arm for arm in self.arms if arm.dose != 0]
        files = sorted({str(arm.config.data.pinch) for arm in arms})
        if len(files) > 1 and any(self.source(arm).project.collects for arm in arms):
            raise UsageError(
                f"data.pinch: arms are to draw from {' and '.join(files)}, but this project "
                "collects, and draws from its database alone; run the recipe in a project that "
                "does not"
            )

    def _check_draw(self, arm: Arm) -> None:
        source, mix = self.source(arm), arm.config.mix
        english = mix.budget or len(source.base)
        dose = pinch_size(english, mix)
        if english > len(source.base):
            raise UsageError(
                f"arm {arm.label}: {english} English examples asked for, but the base set has "
                f"{len(source.base)}; lower mix.budget"
            )
        if mix.mode == "replace" and dose > english:
            raise UsageError(
                f"arm {arm.label}: {dose} examples cannot replace {english} English ones; lower "
                "the dose, raise mix.budget, or use the mode add"
            )
        for code, wanted in shares(dose, arm.languages or (ENGLISH,)).items():
            have = len(source.pool.get(code, ()))
            if wanted > have:
                raise UsageError(
                    f"arm {arm.label}: {wanted} examples in {code} asked for, but the pool has "
                    f"{have}; lower the dose or add examples"
                )

    def examples(self, arm: Arm) -> Counter[str]:
        """Return how many examples of each language an arm is tuned on."""
        if arm.untuned:
            return Counter()
        mix = arm.config.mix
        english = mix.budget or len(self.source(arm).base)
        dose = pinch_size(english, mix)
        pinch = Counter(shares(dose, arm.languages)) if dose else Counter()
        return Counter({ENGLISH: english - dose * (mix.mode == "replace")}) + pinch


def describe(arm: Arm) -> dict[str, Any]:
    """Return what a score file says of its arm: everything it is made from, data by path."""
    return {"tuning": arm.tuning, "answering": arm.answering, "seed": arm.seed}
