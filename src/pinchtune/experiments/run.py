"""pinch experiment run: every arm of some recipes that has no scores yet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

from pinchtune.experiments.arms import Arm
from pinchtune.experiments.cost import Speed, estimate, measure_speed
from pinchtune.experiments.engine import Outcome, open_engine
from pinchtune.experiments.expand import expand, settings
from pinchtune.experiments.plan import Plan
from pinchtune.experiments.recipe import Recipe, read_recipe, say, shipped_names
from pinchtune.experiments.scores import missing_lines
from pinchtune.experiments.store import NAME, Json, Store
from pinchtune.experiments.work import pack_job
from pinchtune.files import write_json
from pinchtune.mining.engine import ONE
from pinchtune.progress import Progress, Silent
from pinchtune.stages.project import Project


def open_store(project: Project) -> Store:
    """Return the folder of experiments of a project."""
    return Store(project.folder / NAME)


def list_recipes() -> list[Json]:
    """Return the shipped recipes: name, title, what was published."""
    recipes = [read_recipe(name) for name in shipped_names()]
    return [
        {"name": r.name, "title": say(r.title, "en"), "published": say(r.published, "en")}
        for r in recipes
    ]


def list_arms(project: Project, recipe: Recipe, overrides: Sequence[str] = ()) -> list[Arm]:
    """Return the arms of a recipe on a project."""
    return expand(recipe, settings(recipe, project.config, overrides))


def make_plan(project: Project, recipes: Sequence[Recipe], overrides: Sequence[str] = ()) -> Plan:
    """Return what is to be done for some recipes; UsageError for what the data cannot give."""
    arms = [arm for recipe in recipes for arm in list_arms(project, recipe, overrides)]
    plan = Plan(project, arms, open_store(project))
    plan.check()
    return plan


def run_experiments(
    project: Project,
    names: Sequence[str],
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    workers: int = 0,
    threads: int = 0,
    seconds: float = math.inf,
    engine: str = ONE,
    address: str = "",
    keep_weights: bool = False,
    speed: Speed | None = None,
) -> Json:
    """Do what is left of some recipes; return what was done, what failed, what is left.

    The cost is said before anything starts. No arm starts after `seconds`; a second call goes on.
    """
    progress = progress or Silent()
    plan = make_plan(project, [read_recipe(name) for name in names], overrides)
    speed = speed or measure_speed(plan.store.each("timings"))
    progress.say(estimate(plan, plan.jobs, speed).text())
    failed: list[Json] = []
    missing: list[str] = []
    done, end = 0, monotonic() + seconds
    with (
        plan.store.locked() as handle,
        open_engine(engine, address, workers, threads, handle) as (found, count),
        progress.task("tunings", len(plan.jobs)) as task,
    ):
        jobs = (
            pack_job(j, project, plan.store, plan.weights(j.arms[0]), count, keep_weights)
            for j in plan.jobs
        )
        for outcome in found.each(_until(end, jobs)):
            failed += _note(plan.store, outcome)
            done += 1
            label = outcome.job["arms"][0]["label"]
            task.advance(1, f"({label})")
            if outcome.error:
                progress.say(f"failed: {label}: {outcome.error}")
            for line in _missing(plan.store, outcome):
                if line not in missing:
                    missing.append(line)
                    progress.say(line)
    left = len(plan.jobs) - done
    return {"done": done - len(failed), "failed": failed, "left": left, "missing": missing}


def _missing(store: Store, outcome: Outcome) -> list[str]:
    """Return which measures a job could not take, and what to install for them."""
    files = [store.read("scores", arm["id"], arm["key"]) for arm in outcome.job["arms"]]
    return [line for found in files if found for line in missing_lines(found)]


def _until(end: float, jobs: Iterator[Json]) -> Iterator[Json]:
    for job in jobs:
        if monotonic() >= end:
            return
        yield job


def _note(store: Store, outcome: Outcome) -> list[Json]:
    """Keep why a job failed, or forget that it once did."""
    path = store.file("failed", outcome.job["id"])
    if not outcome.error:
        path.unlink(missing_ok=True)
        return []
    arms = [{"id": arm["id"], "label": arm["label"]} for arm in outcome.job["arms"]]
    note = {"arms": arms, "error": outcome.error}
    write_json(path, note)
    return [note]


def experiment_status(
    project: Project,
    names: Sequence[str],
    overrides: Sequence[str] = (),
    speed: Speed | None = None,
) -> Json:
    """Return how far some recipes are, why arms failed, and what the rest costs."""
    recipes = [read_recipe(name) for name in names]
    plan = make_plan(project, recipes, overrides)
    left = {arm.id for job in plan.jobs for arm in job.arms}
    speed = speed or measure_speed(plan.store.each("timings"))
    rows = [_progress(recipe, list_arms(project, recipe, overrides), left) for recipe in recipes]
    return {
        "recipes": rows,
        "failed": [note for job in plan.jobs if (note := plan.store.read("failed", job.id))],
        "left": estimate(plan, plan.jobs, speed).to_json(),
        "text": estimate(plan, plan.jobs, speed).text(),
    }


def _progress(recipe: Recipe, arms: Sequence[Arm], left: set[str]) -> dict[str, Any]:
    ids = {arm.id for arm in arms}
    tunings = len({arm.tuning_id for arm in arms if not arm.untuned})
    return {"name": recipe.name, "arms": len(ids), "done": len(ids - left), "tunings": tunings}
