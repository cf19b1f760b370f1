"""What some jobs cost: examples, tokens, hours, before anything starts.

Tokens are estimated from the characters of the data; answers count as long as they may be, until
arms that were timed show how long they are. Hours rest on what was timed in the same folder; of
a folder in which nothing was, they are not known, unless somebody says how fast the machine is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from statistics import mean
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.evaluation.cost import estimate_tokens
from pinchtune.experiments.plan import Job, Plan, Source
from pinchtune.records import Example

SAMPLE = 200
"""Examples a language whose length is looked at."""


class Speed(NamedTuple):
    """What the whole machine does, all workers together."""

    tuning: float
    """Tokens in a second."""
    answering: float
    overhead: float = 0.0
    """Seconds of an arm in which nothing of this is done: loading, mixing, scoring."""
    answer: float | None = None
    """Tokens of an answer; None where nothing was timed."""


@dataclass(frozen=True)
class Cost:
    """What is left to do."""

    tunings: int
    arms: int
    """Sets of answers; one tuning may have several."""
    rescored: int
    """Sets of answers that are kept, and only scored anew."""
    examples: int
    """Examples gone through, every epoch counted."""
    tuning_tokens: int
    prompts: int
    answer_tokens: int
    hours: float | None
    """None where nothing tells how fast the machine is."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    def text(self) -> str:
        """Return it in two lines."""
        hours = "hours not known: nothing was timed here yet (or say --speed TUNING,ANSWERING)"
        if self.hours is not None:
            hours = f"about {self.hours:.1f} hours"
        rescored = f", {self.rescored} kept ones to score anew" if self.rescored else ""
        return (
            f"{self.arms} arms from {self.tunings} tunings: {self.examples:,} examples "
            f"({self.tuning_tokens:,} tokens) to tune on, {self.prompts:,} prompts to answer "
            f"(at most {self.answer_tokens:,} tokens){rescored}\n{hours}"
        )


def estimate(plan: Plan, jobs: Sequence[Job], speed: Speed | None) -> Cost:
    """Return what jobs cost."""
    examples = tuning = prompts = answers = 0
    left = {job.id: plan.unanswered(job) for job in jobs}
    tuned = [job for job in jobs if left[job.id]]
    for job in tuned:
        seen, tokens = _tuning(plan, job)
        examples, tuning = examples + seen, tuning + tokens
        for arm in left[job.id]:
            asked = plan.source(arm).count_prompts(arm.config)
            most = arm.config.generate.max_new_tokens
            each = min(most, speed.answer) if speed and speed.answer else most
            prompts, answers = prompts + asked, answers + round(asked * each)
    hours = None
    if speed:
        seconds = tuning / speed.tuning + answers / speed.answering + len(tuned) * speed.overhead
        hours = seconds / 3600
    arms = sum(map(len, left.values()))
    rescored = sum(len(job.arms) for job in jobs) - arms
    return Cost(len(tuned), arms, rescored, examples, tuning, prompts, answers, hours)


def _tuning(plan: Plan, job: Job) -> tuple[int, int]:
    """Return the examples that a job goes through, and their tokens."""
    arm = job.arms[0]
    counts, train = plan.examples(arm), arm.config.train
    source = plan.source(arm)
    tokens = sum(n * _mean_tokens(source, code, train.max_length) for code, n in counts.items())
    return counts.total() * train.epochs, round(tokens * train.epochs)


@cache
def _mean_tokens(source: Source, code: str, most: int) -> float:
    rows = source.base if code == ENGLISH else source.pool.get(code, [])
    step = max(1, len(rows) // SAMPLE)
    return mean(_lengths(rows[::step], most)) if rows else 0.0


def _lengths(rows: Iterable[Example], most: int) -> list[int]:
    return [min(most, estimate_tokens(f"{e.prompt}{e.response}")) for e in rows]


def measure_speed(timings: Iterable[dict[str, Any]]) -> Speed | None:
    """Return what timed arms say; None if there are none."""
    rows = [row for row in timings if row["tuning"]["seconds"] and row["answering"]["seconds"]]
    if not rows:
        return None
    return Speed(
        mean(_rate(row, "tuning") for row in rows),
        mean(_rate(row, "answering") for row in rows),
        mean(_overhead(row) / row["workers"] for row in rows),
        sum(r["answering"]["tokens"] for r in rows) / sum(r["answering"]["answers"] for r in rows),
    )


def _rate(row: dict[str, Any], part: str) -> float:
    return float(row[part]["tokens"] / row[part]["seconds"] * row["workers"])


def _overhead(row: dict[str, Any]) -> float:
    seconds = row["seconds"] - row["tuning"]["seconds"] - row["answering"]["seconds"]
    return max(0.0, float(seconds))
