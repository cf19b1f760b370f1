"""pinch decide: what the finished evaluation says, and what to do next."""

from __future__ import annotations

from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import read_json
from pinchtune.stages.advise import next_step
from pinchtune.stages.benchmark import read_benchmarks
from pinchtune.stages.evaluate import evaluated_run
from pinchtune.stages.project import Project, finished
from pinchtune.stages.run import outcome


def decide(project: Project, locale: str = "en") -> dict[str, Any]:
    """Return the decision with its reasons, its plan and the next step; nothing is computed anew.

    `benchmarks` are secondary: what `pinch benchmark` found of today's arms, if anything.
    UsageError if the evaluation is of other answers, settings or another plan than today's.
    """
    finished(project.path("evaluation"), "evaluate")
    run = evaluated_run(project)
    if not run.complete():
        raise UsageError(
            f"{run.path}: is not of today's answers, settings and plan; run `pinch evaluate` again"
        )
    step = next_step(project, read_json(run.path / "scores.json"))
    found = {**outcome(project, locale), "next": {**step._asdict(), **step.text(locale)}}
    if benchmarks := read_benchmarks(project):
        found["benchmarks"] = benchmarks
    return found
