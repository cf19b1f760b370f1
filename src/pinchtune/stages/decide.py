"""pinch decide: what the finished evaluation says, and what to do next."""

from __future__ import annotations

from typing import Any

from pinchtune.errors import UsageError
from pinchtune.evaluation import decision
from pinchtune.evaluation.next_stage import recommend
from pinchtune.files import read_json
from pinchtune.stages.advise import weak_languages
from pinchtune.stages.evaluate import evaluated_run
from pinchtune.stages.plan import planned_guess
from pinchtune.stages.project import Project, finished
from pinchtune.stages.run import outcome


def decide(project: Project, locale: str = "en") -> dict[str, Any]:
    """Return the decision with its reasons, its plan and the next step; nothing is computed anew.

    UsageError if the evaluation is of other answers, settings or another plan than today's.
    """
    finished(project.path("evaluation"), "evaluate")
    run = evaluated_run(project)
    if not run.complete():
        raise UsageError(
            f"{run.path}: is not of today's answers, settings and plan; run `pinch evaluate` again"
        )
    scores = read_json(run.path / "scores.json")
    step = recommend(
        scores, decision.decide(scores), planned_guess(project), weak_languages(project)
    )
    return {**outcome(project, locale), "next": {**step._asdict(), **step.text(locale)}}
