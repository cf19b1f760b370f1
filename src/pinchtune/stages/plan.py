"""pinch plan: write down what will be compared, before anything is tuned."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.evaluation.planning import (
    ONE_SEED,
    Guess,
    count_prompts,
    deviations,
    is_intact,
    make_plan,
    promise,
    seal,
)
from pinchtune.files import RunFolder, read_json, write_json
from pinchtune.stages.judging import judge_facts
from pinchtune.stages.project import Project

NAME = "plan.json"


def plan(project: Project, guess: Guess | None = None, replace: bool = False) -> Path:
    """Write plan.json beside pinch.toml; UsageError if another plan is there and not `replace`."""
    path, guess = project.folder / NAME, guess or Guess()
    old, promised = read_plan(project, changed=replace), promised_now(project)
    if is_intact(old) and _same(old, promised, guess):
        return path
    if old and not replace:
        raise UsageError(
            f"{path}: a plan was made on {old['made']}, and a decision will say what deviates "
            "from it; use --replace to make another one all the same"
        )
    _write(project, promised, guess, _is_late(project), _before(old))
    return path


def begin_plan(project: Project, done: Collection[str], is_late: bool) -> dict[str, Any]:
    """Write the plan of a stage that begins, with the assumptions of the one before; return it.

    A plan in `done`, of a stage before, has had its time; any other stays on record as replaced.
    """
    old, guess, promised = read_plan(project), planned_guess(project), promised_now(project)
    its_time = old.get("id") not in done
    if old and its_time and _same(old, promised, guess):
        return old
    return _write(project, promised, guess, is_late, _before(old) if its_time else [])


def _write(
    project: Project,
    promised: dict[str, Any],
    guess: Guess,
    is_late: bool,
    before: list[dict[str, Any]],
) -> dict[str, Any]:
    made = make_plan(promised, guess, date.today().isoformat(), is_late)
    sealed = seal({**made, "replaced": before})
    write_json(project.folder / NAME, sealed)
    return sealed


def _before(old: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a new plan says of the ones that it replaces."""
    named = {key: old.get(key, "") for key in ("id", "made")}
    return [*old.get("replaced", []), named] if old else []


def _same(old: dict[str, Any], promised: dict[str, Any], guess: Guess) -> bool:
    differs = deviations(ONE_SEED | old["promised"], promised)
    return not differs and old["assumed"] == guess.assumed(promised["seeds"])


def _is_late(project: Project) -> bool:
    folders = [seed.path("answers", arm) for seed in project.seeds for arm in seed.arms]
    return any(RunFolder(folder, "").manifest() for folder in folders)


def promised_now(project: Project) -> dict[str, Any]:
    """Return what a plan that was made now would promise."""
    config = project.config
    every = config.judge.kind != "reference"
    prompts = count_prompts(project.evaluation_prompts(), every, config.languages.evaluated)
    return promise(config, prompts, judge_facts(project))


def read_plan(project: Project, changed: bool = False) -> dict[str, Any]:
    """Return the project's plan; empty without one; UsageError if it was changed by hand.

    `changed` takes it all the same: to be replaced.
    """
    path = project.folder / NAME
    if not path.is_file():
        return {}
    found: dict[str, Any] = read_json(path)
    if not changed and not is_intact(found):
        raise UsageError(
            f"{path}: was changed after it was made, so it is no plan any more; put the old file "
            "back, or make another with `pinch plan --replace`"
        )
    return found


def planned_guess(project: Project) -> Guess:
    """Return what the project's plan assumes; the usual guess without one."""
    assumed = dict(read_plan(project).get("assumed", {}))
    assumed.pop("seeds", None)
    return Guess(**assumed)


def plan_facts(project: Project) -> dict[str, Any] | None:
    """Return what a decision says of its plan; None without one."""
    found = read_plan(project)
    if not found:
        return None
    return {
        **{key: found[key] for key in ("id", "made", "is_late")},
        "replaced": len(found["replaced"]),
        "unguarded": "checksum" not in found,
        "deviations": deviations(ONE_SEED | found["promised"], promised_now(project)),
    }
