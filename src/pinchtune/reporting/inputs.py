"""What a report is made from: the contents of the files of a run, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pinchtune.advice.costs import Costs
from pinchtune.config import Config
from pinchtune.data.mix import ARMS
from pinchtune.mining.mined import NO_QUESTIONS, Mined, Questions
from pinchtune.records import Answer, Example, Verdict
from pinchtune.selection.outcome import Outcome
from pinchtune.stats import LEVEL, NEUTRAL

Json = Mapping[str, Any]
UNKNOWN: Json = {"value": None, "low": None, "high": None, "n": 0}
"""The estimate of what was not measured."""


class Counts(NamedTuple):
    """How often the pinch won, tied and lost."""

    won: int
    tied: int
    lost: int

    @property
    def judged(self) -> int:
        """Number of comparisons with a score."""
        return sum(self)


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows."""

    name: str
    """Name of the project."""
    scores: Json
    """Content of scores.json."""
    decision: Json
    """Content of decision.json."""
    verdict: Mapping[str, str]
    """The decision as a paragraph, by locale."""
    mixture: Json
    """Manifest of the mixture."""
    prompts: Sequence[Example]
    """Evaluation prompts."""
    answers: Mapping[str, Sequence[Answer]]
    """Answers by arm; of several seeds, those of the first."""
    verdicts: Sequence[Verdict]
    """Verdicts on the pinch against English only, of all seeds."""
    arms: Mapping[str, Json]
    """Manifests of the tuned arms, by arm."""
    timings: Mapping[str, Mapping[str, float]]
    """`{"seconds", "tokens"}` by stage and arm (`train pinch`); may have gaps."""
    config: Config
    """The configuration of the run."""
    mined: Mined | None = None
    """What was mined, if anything was."""
    questions: Questions = NO_QUESTIONS
    """The most asked of it."""
    outcome: Outcome | None = None
    """What was chosen, if anything was."""
    plan: Json | None = None
    """What decision.json says of the plan, with the `tests` of plan.json; None without one."""
    advice: Mapping[str, Mapping[str, str]] | None = None
    """What to do next, by locale: title and why; None where nothing is recommended."""
    costs: Costs | None = None
    """What the pinch cost and brings."""
    stages: Sequence[Json] = ()
    """The stages of the ladder: stage, tuned, dose, started, ended, decision, state."""
    benchmarks: Sequence[Json] = ()
    """Public benchmarks side by side, as `evaluation.benchmarks.compare` has them."""

    @property
    def control(self) -> str:
        """The arm that the pinch is compared with."""
        arms: list[str] = list(self.scores["arms"])
        return ARMS[0] if ARMS[0] in arms else arms[0]

    @property
    def treated(self) -> str:
        """The arm with the pinch."""
        arms: list[str] = list(self.scores["arms"])
        return ARMS[1] if ARMS[1] in arms else arms[-1]

    @property
    def unapproved(self) -> int:
        """How many examples the model with the pinch was tuned on that nobody approved."""
        return int(self.arms.get(ARMS[1], {}).get("unapproved", 0))

    @property
    def groups(self) -> list[str]:
        """The groups that have a language: the tuned ones first, English last."""
        present = {row["group"] for row in self.scores["languages"]}
        return [group for group in ("seen", "unseen", "english") if group in present]

    @property
    def sequence(self) -> list[str]:
        """The groups that have a language, in the order in which claims are tested."""
        return [group for group in self.scores["groups"] if group in self.groups]

    def codes(self, group: str) -> list[str]:
        """Return the languages of a group."""
        return [row["code"] for row in self.scores["languages"] if row["group"] == group]

    def estimate(self, measure: str, arm: str, group: str = "", language: str = "") -> Json:
        """Return the estimate of an arm in a group or a language; UNKNOWN if there is none."""
        tables = self.scores["measures"].get(measure, {}).get("arms", {})
        return pick(tables.get(arm, {}), group, language)

    def difference(self, measure: str, group: str = "", language: str = "") -> Json:
        """Return the estimate of the difference that the pinch makes."""
        table = self.scores["measures"].get(measure, {}).get("difference", {})
        return pick(table, group, language)

    def win_rate(self, group: str = "", language: str = "") -> Json:
        """Return the win rate of the pinch."""
        return pick(self.scores["win_rate"], group, language)

    def step(self, group: str) -> Json | None:
        """Return the step of the headline that is about a group; None in scores of before."""
        steps: Sequence[Json] = self.scores["win_rate"].get("headline", ())
        return next((step for step in steps if step["name"] == group), None)

    def total(self, stage: str, quantity: str) -> float | None:
        """Return the seconds or tokens of a stage over its arms; None if none was recorded."""
        rows = [row for name, row in self.timings.items() if name.split(" ")[0] == stage]
        found = [row[quantity] for row in rows if row.get(quantity) is not None]
        return sum(found) if found else None

    def limit(self, group: str) -> float:
        """Return the win rate that the interval of a group is held against."""
        margin: float = self.scores["english"]["margin"] if group == "english" else 0.0
        return NEUTRAL - margin

    @property
    def shown_verdicts(self) -> list[Verdict]:
        """Verdicts on the answers that the report shows: those of the first seed."""
        return [v for v in self.verdicts if not v.seed]

    @cached_property
    def counts(self) -> Counts:
        """Wins, ties and losses of the pinch."""
        scores = [v.score for v in self.verdicts if v.score is not None]
        won, lost = scores.count(1.0), scores.count(0.0)
        return Counts(won, len(scores) - won - lost, lost)


def pick(table: Json, group: str = "", language: str = "") -> Json:
    """Return an entry of a table of estimates by groups and languages."""
    rows = table.get("groups", {}) if group else table.get("languages", {})
    found: Json = rows.get(group or language, UNKNOWN)
    return found


def differs_alone(rate: Json) -> bool | None:
    """Say if a language differs from 50 after the correction for their number; None if untested."""
    p = rate.get("p_holm")
    return None if p is None else bool(p < 2 * LEVEL)
