"""pinch decide: what the finished evaluation says, and what to do next."""

from __future__ import annotations

from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_json
from pinchtune.stages.advise import next_step
from pinchtune.stages.evaluate import evaluation_key
from pinchtune.stages.people import read_people
from pinchtune.stages.project import Project, finished
from pinchtune.stages.run import outcome


def decide(project: Project, locale: str = "en") -> dict[str, Any]:
    """Return the decision with its reasons, its plan and the next step; nothing is computed anew.

    UsageError if the evaluation is of other answers, settings or another plan than today's.
    """
    finished(project.path("evaluation"), "evaluate")
    run = RunFolder(project.path("evaluation"), evaluation_key(project, read_people(project)))
    if not run.complete():
        raise UsageError(
            f"{run.path}: is not of today's answers, settings and plan; run `pinch evaluate` again"
        )
    step = next_step(project, read_json(run.path / "scores.json"))
    return {**outcome(project, locale), "next": {**step._asdict(), **step.text(locale)}}
