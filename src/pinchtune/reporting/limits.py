"""What the test cannot tell, in plain words, from the facts of this very test."""

from __future__ import annotations

from collections.abc import Iterator

from pinchtune.evaluation.decision import count_seeds
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.people import is_people
from pinchtune.reporting.safety import clip
from pinchtune.reporting.wording import Wording


def build_limits(data: ReportData, words: Wording) -> list[str]:
    """Return the limits in a locale, one sentence or two each."""
    return [*_judge(data, words), *_sample(data, words), *_machine(data, words)]


def _judge(data: ReportData, words: Wording) -> Iterator[str]:
    judge = str(data.scores["win_rate"]["judge"])
    if not judge:
        yield words("limits.no_judge")
    elif judge.startswith("reference"):
        yield words("limits.reference")
    elif is_people(judge):
        yield words("limits.people")
    else:
        yield words("limits.judge", judge=clip(judge, 120, 1).text)
    if judge and data.scores["win_rate"]["unscored"]:
        yield words("limits.unscored", n=words.number(data.scores["win_rate"]["unscored"]))


def _sample(data: ReportData, words: Wording) -> Iterator[str]:
    few = [row["n"] for row in data.decision["reasons"] if row["code"] == "few_prompts"]
    prompts = [row["prompts"] for row in data.scores["languages"] if row["prompts"]] or [0]
    low, high = min(prompts), max(prompts)
    if few:
        yield words("limits.few", n=min(few))
    else:
        key = "limits.prompts" if low < high else "limits.prompts_one"
        yield words(key, low=words.number(low), high=words.number(high))
    recipe, dose = data.mixture["recipe"], len(data.mixture.get("pinch", []))
    if dose and (seeds := count_seeds(data.scores)) > 1:
        yield words("limits.draws", n=seeds, dose=words.number(dose))
    elif dose:
        yield words("limits.draw", seed=recipe["seed"], dose=words.number(dose))


def _machine(data: ReportData, words: Wording) -> Iterator[str]:
    yield words("limits.model", model=clip(data.config.model.base, 120, 1).text)
    answers = data.answers.get(data.treated, ())
    if answers:
        share = 100 * sum(a.stopped for a in answers) / len(answers)
        tokens = words.number(data.config.generate.max_new_tokens)
        yield words("limits.length", tokens=tokens, share=words.number(share))
    yield words("limits.languages", n=len(data.scores["languages"]))
    yield words("limits.world")
