"""Figures out of raw results: medians, ratios pair by pair, agreement, shares of the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from bench.bound import Weights, answering_work, bound, scoring_work, tuning_work
from bench.common import Result, middle
from bench.plan import OURS

FIRST_TOLERANCE = 0.01
"""Relative distance of the first step's loss up to which two competitors agree."""
EARLY_TOLERANCE = 0.03
"""The same for the mean of the first steps: adapters start at different random weights."""
EARLY = 4
"""How many steps are the first ones."""


class Spread(NamedTuple):
    """Least, middle and largest of some values."""

    least: float
    middle: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Return the spread; None for no values."""
        return cls(min(values), float(median(values)), max(values)) if values else None


class Agreement(NamedTuple):
    """How far the losses of a competitor are from pinchtune's, as relative distances."""

    first: float
    early: float

    @property
    def holds(self) -> bool:
        """True if both are within their tolerance."""
        return self.first <= FIRST_TOLERANCE and self.early <= EARLY_TOLERANCE


def pair_ratios(over: Mapping[int, float], under: Mapping[int, float]) -> list[float]:
    """Return over / under of each round that has both, in the order of the rounds."""
    return [over[k] / under[k] for k in sorted(over) if under.get(k)]


def agreement(ours: Sequence[float], theirs: Sequence[float]) -> Agreement | None:
    """Return the distance of two runs' losses; None if one has no steps."""
    if not (ours and theirs):
        return None
    count = min(EARLY, len(ours), len(theirs))
    means = sum(ours[:count]) / count, sum(theirs[:count]) / count
    return Agreement(_distance(theirs[0], ours[0]), _distance(means[1], means[0]))


def _distance(value: float, reference: float) -> float:
    return abs(value - reference) / abs(reference) if reference else abs(value)


def equal_share(ours: Sequence[str], theirs: Sequence[str]) -> float | None:
    """Return the share of answers that are the same; None if they are not to the same prompts."""
    if not ours or len(ours) != len(theirs):
        return None
    return sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours)


class Figures:
    """Raw results, asked by part and competitor."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.results: dict[tuple[str, str], dict[int, Result]] = {}
        self.options: dict[tuple[str, str], dict[str, Any]] = {}
        for record in raw["measurements"]:
            key = record["part"], record["competitor"]
            self.options[key] = record["options"]
            if "error" not in record["result"] and record["part"] != "growth":
                self.results.setdefault(key, {})[record["round"]] = record["result"]

    def competitors(self, part: str) -> list[str]:
        """Return who was measured in a part, in the order of measuring."""
        return [name for p, name in self.options if p == part]

    def values(self, part: str, competitor: str, name: str = "rate") -> dict[int, float]:
        """Return {round: value} of one figure."""
        rounds = self.results.get((part, competitor), {})
        return {turn: result[name] for turn, result in rounds.items() if name in result}

    def spread(self, part: str, competitor: str, name: str = "rate") -> Spread | None:
        """Return least, median and largest of one figure over the rounds."""
        return Spread.of([*self.values(part, competitor, name).values()])

    def first(self, part: str, competitor: str) -> Result:
        """Return the first round's result; {} if there is none."""
        rounds = self.results.get((part, competitor), {})
        return rounds[min(rounds)] if rounds else {}

    def ratio(self, part: str, competitor: str, name: str = "rate") -> Spread | None:
        """Return the spread of pinchtune's figure over a competitor's, round by round."""
        return Spread.of(
            pair_ratios(self.values(part, OURS, name), self.values(part, competitor, name))
        )

    def fastest(self, part: str, names: Sequence[str]) -> str:
        """Return who has the largest median of tokens per second; '' if nobody was measured."""
        return self._best(part, names, "rate", -1)

    def leanest(self, part: str, names: Sequence[str]) -> str:
        """Return who has the smallest median peak of memory; '' if nobody was measured."""
        return self._best(part, names, "peak_mb", 1)

    def _best(self, part: str, names: Sequence[str], figure: str, sign: int) -> str:
        found = {name: self.values(part, name, figure) for name in names}
        middles = {name: middle([*values.values()]) for name, values in found.items() if values}
        return min(middles, key=lambda name: sign * middles[name], default="")

    def product_rate(self) -> float:
        """Return the measured operations per second in the faster number format; 0 if unknown."""
        formats = [self.values("bound", "machine", name) for name in ("bfloat16", "float32")]
        return max(middle([*values.values()]) for values in formats)

    def bound(self, part: str) -> float:
        """Return the tokens per second that the matrix products allow in a part; 0 if unknown."""
        counts = self.first("bound", "machine").get("weights")
        result = self.first(part, OURS)
        if not (counts and result):
            return 0.0
        tokens = result["tokens"]
        work = self._work(part, Weights(**counts), tokens)
        return bound(tokens, work, self.product_rate())

    def _work(self, part: str, weights: Weights, tokens: int) -> float:
        facts = self.raw["workload"]
        if part.startswith("tune-"):
            method = part.removeprefix("tune-")
            return tuning_work(weights, tokens, facts["tune"]["targets"], method)
        if part == "generate":
            prompts = facts["generate"]
            return answering_work(weights, prompts["prompts"], prompts["tokens"], tokens)
        return scoring_work(weights, tokens, facts["score"]["targets"])

    def bound_share(self, part: str) -> Spread | None:
        """Return the share of the bound that pinchtune reached, over the rounds."""
        most = self.bound(part)
        shares = [value / most for value in self.values(part, OURS).values()] if most else []
        return Spread.of(shares)

    def growth(self, unit: str) -> list[Result]:
        """Return the growth results by `tokens` or `rows`, smallest first, with their size."""
        records = [r for r in self.records("growth") if unit in r["options"]]
        found = [{**r["result"], "size": r["options"][unit]} for r in records]
        return sorted(found, key=lambda result: result["size"])

    def records(self, part: str) -> list[dict[str, Any]]:
        """Return the stored measurements of a part that succeeded."""
        found = [r for r in self.raw["measurements"] if r["part"] == part]
        return [r for r in found if "error" not in r["result"]]
