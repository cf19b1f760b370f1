"""pinch plan: write down what will be compared, before anything is tuned."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.evaluation.planning import (
    ONE_SEED,
    Guess,
    count_prompts,
    deviations,
    make_plan,
    plan_id,
    promise,
)
from pinchtune.files import RunFolder, read_json, write_json
from pinchtune.stages.judging import judge_facts
from pinchtune.stages.project import Project

NAME = "plan.json"


def plan(project: Project, guess: Guess | None = None, replace: bool = False) -> Path:
    """Write plan.json beside pinch.toml; UsageError if another plan is there and not `replace`."""
    path = project.folder / NAME
    old = read_plan(project)
    promised = promised_now(project)
    new = make_plan(promised, guess or Guess(), date.today().isoformat(), _is_late(project))
    if old and _same(old, new):
        return path
    if old and not replace:
        raise UsageError(
            f"{path}: a plan was made on {old['made']}, and a decision will say what deviates "
            "from it; use --replace to make another one all the same"
        )
    before = [*old["replaced"], {"id": old["id"], "made": old["made"]}] if old else []
    write_json(path, {**new, "replaced": before})
    return path


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    differs = deviations(ONE_SEED | old["promised"], new["promised"])
    return not differs and old["assumed"] == new["assumed"]


def _is_late(project: Project) -> bool:
    folders = [seed.path("answers", arm) for seed in project.seeds for arm in seed.arms]
    return any(RunFolder(folder, "").manifest() for folder in folders)


def promised_now(project: Project) -> dict[str, Any]:
    """Return what a plan that was made now would promise."""
    config = project.config
    every = config.judge.kind != "reference"
    prompts = count_prompts(project.evaluation_prompts(), every, config.languages.evaluated)
    return promise(config, prompts, judge_facts(project))


def read_plan(project: Project) -> dict[str, Any]:
    """Return the project's plan; empty without one; UsageError if its promise was changed."""
    path = project.folder / NAME
    if not path.is_file():
        return {}
    found: dict[str, Any] = read_json(path)
    if plan_id(found.get("promised", {})) != found.get("id"):
        raise UsageError(
            f"{path}: was changed after it was made, so it is no plan any more; put the old file "
            "back, or make another with `pinch plan --replace`"
        )
    return found


def plan_facts(project: Project) -> dict[str, Any] | None:
    """Return what a decision says of its plan; None without one."""
    found = read_plan(project)
    if not found:
        return None
    return {
        **{key: found[key] for key in ("id", "made", "is_late")},
        "replaced": len(found["replaced"]),
        "deviations": deviations(ONE_SEED | found["promised"], promised_now(project)),
    }
