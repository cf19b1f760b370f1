"""pinch run: every stage that is stale, in order."""

from __future__ import annotations

from typing import Any

from pinchtune.evaluation.decision import decide, plan_text, space, verdict_text, warning_text
from pinchtune.files import read_json
from pinchtune.progress import Progress, Silent
from pinchtune.stages.evaluate import evaluate
from pinchtune.stages.generate import generate
from pinchtune.stages.judging import check_judge
from pinchtune.stages.mix import mix
from pinchtune.stages.plan import plan_facts
from pinchtune.stages.project import Project, unapproved_examples
from pinchtune.stages.report import report
from pinchtune.stages.train import train


def run(
    project: Project, progress: Progress | None = None, unapproved: bool = False
) -> dict[str, Any]:
    """Run mix, train, generate, evaluate and report; return the decision with its sentence.

    What was made from the same inputs before is kept: a second call computes nothing.
    `unapproved` lets examples into the pinch that nobody approved.
    """
    progress = progress or Silent()
    project.evaluation_prompts()  # what is wrong with them shows before hours of tuning
    check_judge(project)
    mix(project, progress, unapproved)
    train(project, progress=progress)
    generate(project, progress=progress)
    evaluate(project, progress)
    page = report(project, progress).path / "report.html"
    return {**outcome(project), "report": str(page)}


def outcome(project: Project, locale: str = "en") -> dict[str, Any]:
    """Return the decision of the finished evaluation, with its sentence.

    `warning` is there if the model was tuned on examples that nobody approved.
    """
    scores = read_json(project.path("evaluation", "scores.json"))
    decision = decide(scores)
    found = {**decision.to_json(), "text": verdict_text(decision, scores, locale)}
    if facts := plan_facts(project):
        found["plan"] = facts
        found["text"] += space(locale) + plan_text(facts, locale)
    if unapproved := unapproved_examples(project):
        found["warning"] = warning_text(unapproved, locale)
    return found
