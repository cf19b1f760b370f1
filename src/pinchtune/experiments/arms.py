"""One arm: its whole configuration, and what makes it the same arm as another.

Two names follow from the configuration alone. `tuning_id` names the tuned weights: everything
that they are made from, and nothing else, so that the English arm of a seed is one arm whatever
the recipe. `id` adds how it answers. Data are named by path; whether they are still what they
were is told by the keys (`plan.py`), which hash them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pinchtune.config import Config
from pinchtune.data.mix import ARMS
from pinchtune.records import content_hash
from pinchtune.stages.project import BASE_ARM

RANDOM = "random"


@dataclass(frozen=True)
class Arm:
    """One tuned model, or the untuned one, and how it answers."""

    config: Config
    """The whole configuration of a project that has just this arm."""
    axes: Mapping[str, Any]
    """What tells it from the other arms of its recipe, for people and figures."""
    untuned: bool = False

    @property
    def dose(self) -> int | None:
        """Examples of the pinch; None where it is a share of a base set whose size is not set."""
        mix = self.config.mix
        return 0 if self.untuned else None if mix.percent is not None else mix.dose

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the pinch; none of the English and of the untuned arm."""
        return () if self.dose == 0 else self.config.languages.tuned

    @property
    def stage_arm(self) -> str:
        """Which arm of its project it is."""
        return BASE_ARM if self.untuned else ARMS[0] if self.dose == 0 else ARMS[1]

    @cached_property
    def tuning(self) -> dict[str, Any]:
        """Everything that the weights are made from, data by path."""
        config = self.config
        model = config.model.model_dump(mode="json")
        if self.untuned:
            return {"model": model}
        mix = config.mix.model_dump(mode="json")
        pinch: dict[str, Any] = {}
        if self.dose == 0:
            mix |= {"percent": None, "mode": "replace"}
        else:
            pinch = {"data": str(config.data.pinch), "languages": list(self.languages)}
            if config.select.method != RANDOM:
                pinch["select"] = config.select.model_dump(mode="json")
        train = config.train.facts
        base = str(config.data.base)
        return {"model": model, "base": base, "mix": mix, "pinch": pinch, "train": train}

    @cached_property
    def answering(self) -> dict[str, Any]:
        """Everything that the answers are made from, beside the weights."""
        config = self.config
        return {
            "data": str(config.data.evaluation),
            "languages": sorted(config.languages.evaluated),
            "prompts": config.evaluate.prompts,
            "references": config.evaluate.references,
            "generate": config.generate.model_dump(mode="json"),
        }

    @cached_property
    def tuning_id(self) -> str:
        """Name of the weights."""
        return content_hash(self.tuning)

    @cached_property
    def id(self) -> str:
        """Name of the arm: weights and answers."""
        return content_hash([self.tuning, self.answering])

    @property
    def seed(self) -> int:
        """Seed of the tuning."""
        return self.config.train.seed

    @cached_property
    def point(self) -> str:
        """What it has in common with its repetitions under other seeds."""
        own = [self.axes.get(name) for name in ("label", "count", "order")]
        return content_hash([own, _seedless(self.tuning), _seedless(self.answering)])

    @cached_property
    def beside_pinch(self) -> str:
        """What it has in common with the arm that it is compared with: all but the pinch."""
        tuning = {k: v for k, v in _seedless(self.tuning).items() if k != "pinch"}
        mix = tuning.pop("mix", {})
        kept = {k: v for k, v in mix.items() if k not in ("dose", "percent", "mode")}
        return content_hash([tuning, kept, _seedless(self.answering)])

    @cached_property
    def curve(self) -> str:
        """What it has in common with other doses of the same pinch."""
        mix = {**self.tuning.get("mix", {}), "dose": None, "percent": None}
        tuning = _seedless({**self.tuning, "mix": mix})
        return content_hash([tuning, _seedless(self.answering)])

    def answers_like(self, other: Arm) -> bool:
        """True if both answer the same prompts in the same way."""
        return _seedless(self.answering) == _seedless(other.answering)

    @property
    def label(self) -> str:
        """What tells it from others, in a line."""
        if self.untuned:
            return "untuned"
        shown = {k: v for k, v in self.axes.items() if k not in ("seed", "count", "languages")}
        parts = [str(shown.pop("label", "")), " ".join(self.languages) or "English only"]
        parts += [f"{name} {value}" for name, value in shown.items()]
        return ", ".join(filter(None, parts)) + f", seed {self.seed}"


def _seedless(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _seedless(v) if isinstance(v, dict) else v for k, v in facts.items() if k != "seed"}
