"""pinch benchmark: public benchmarks on the arms, by lm-evaluation-harness; they decide nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pinchtune.errors import UsageError
from pinchtune.evaluation.benchmarks import compare
from pinchtune.files import RunFolder, hash_tree, read_json, read_jsonl, write_json, write_jsonl
from pinchtune.model.harness import Figure, Measured, RowScore, Tasks, harness_version
from pinchtune.progress import Progress, Silent
from pinchtune.records import content_hash
from pinchtune.stages.generate import weights_key
from pinchtune.stages.project import Project, stage_key

if TYPE_CHECKING:
    from pinchtune.model.harness import Harness

FOLDER, FIGURES, SCORES = "benchmarks", "figures.json", "scores.jsonl"
ALIKE = ("limit", "chat", "harness", "files", "model", "base")
"""What must be the same for figures to stand side by side."""


def benchmark(
    project: Project,
    names: Sequence[str] = (),
    tasks_path: Path | None = None,
    limit: int = 0,
    chat: bool = False,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Write runs/benchmarks/<arm>/<task> for each arm, and return all figures side by side.

    A task that an arm has done with the same weights and settings is not done again. `chat` asks
    through the chat template; `limit` takes the first rows of each task, 0 all.
    """
    if project.config.generate.endpoint:
        raise UsageError("generate.endpoint: benchmarks need the weights; leave it empty")
    if tasks_path and not tasks_path.is_dir():
        raise UsageError(f"{tasks_path}: is not a folder; name one that holds task files")
    tasks = Tasks(names, tasks_path.resolve() if tasks_path else None)
    settings = {"limit": limit, "chat": chat}
    for seed in project.seeds:
        for arm in seed.arms:
            _benchmark_arm(seed, arm, tasks, settings, progress or Silent())
    return read_benchmarks(project)


def _benchmark_arm(
    project: Project, arm: str, tasks: Tasks, settings: dict[str, Any], progress: Progress
) -> None:
    runs = {name: _run_folder(project, arm, name, tasks, settings) for name in tasks.names}
    missing = {name: run for name, run in runs.items() if not run.complete()}
    if not missing:
        return
    # Loaded first: what is wrong with a task or a model shows before a folder is touched.
    loaded = {name: tasks.load(name) for name in missing}
    harness = _load_harness(project, arm)
    with progress.task(project.label(f"benchmarks {arm}"), len(missing)) as task:
        for name, run in missing.items():
            start = perf_counter()
            found = harness.run(loaded[name], **settings)
            run.start()
            _write(run, found)
            write_json(run.path / "timings.json", {"seconds": perf_counter() - start})
            facts = {"arm": project.name(arm), "task": name, **settings}
            made = {**_inputs(project, arm, name, tasks), "base": _base(project)}
            run.finish({**facts, **made})
            task.advance(1, name)


def _run_folder(
    project: Project, arm: str, name: str, tasks: Tasks, settings: dict[str, Any]
) -> RunFolder:
    inputs = {**_inputs(project, arm, name, tasks), "task": name, "settings": settings}
    return RunFolder(project.path(FOLDER, arm, name), stage_key("benchmark", inputs))


def _inputs(project: Project, arm: str, name: str, tasks: Tasks) -> dict[str, Any]:
    """Return what figures depend on beside their settings: weights, task files, harness."""
    own = hash_tree(tasks.folder) if tasks.folder and tasks.is_own(name) else {}
    return {
        "weights": weights_key(project, arm),
        "model": project.config.model.model_dump(mode="json"),
        "files": content_hash({k: v for k, v in own.items() if "__pycache__" not in k}),
        "harness": harness_version(),
    }


def _base(project: Project) -> str:
    """Return what tells the base model's weights from others of its name."""
    from pinchtune.model.load import model_facts

    return content_hash(model_facts(project.config.model.base))


def _load_harness(project: Project, arm: str) -> Harness:
    from pinchtune.model.harness import Harness
    from pinchtune.stages.generate import load_weights

    # Plain transformers computes, as for the figures that others publish.
    plain = project.config.model.model_copy(update={"kernels": "plain"})
    return Harness(*load_weights(project, arm, plain))


def _write(run: RunFolder, found: Measured) -> None:
    write_jsonl(run.path / SCORES, (score._asdict() for score in found.scores))
    write_json(run.path / FIGURES, [figure._asdict() for figure in found.figures])


def read_benchmarks(project: Project) -> list[dict[str, Any]]:
    """Return the figures of all tasks that today's arms have all done alike, side by side."""
    return [row for seed in project.seeds for row in _read_seed(seed)]


def benchmark_keys(project: Project) -> list[str]:
    """Return the keys of what `read_benchmarks` reads, for those who make something from it."""
    found = (_alike(seed) for seed in project.seeds)
    return [str(run["key"]) for seed in found for runs in seed for run in runs.values()]


def _read_seed(project: Project) -> Iterator[dict[str, Any]]:
    evaluate = project.config.evaluate
    for runs in _alike(project):
        last = list(runs.values())[-1]
        measured = {arm: _read(project, arm, last["task"]) for arm in runs}
        for row in compare(measured, evaluate.resamples, evaluate.seed):
            yield {**row, "seed": project.seed, "limit": last["limit"], "chat": last["chat"]}


def _alike(project: Project) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield {arm: manifest} of each task that every arm has done with today's weights.

    All in the same way: the same files of the task, the same base model, the same number format.
    """
    *_, last = project.arms
    for folder in sorted(project.path(FOLDER, last).glob("*")):
        runs = {arm: _manifest(project, arm, folder.name) for arm in project.arms}
        settings = [{k: run.get(k) for k in ALIKE} for run in runs.values()]
        if all(runs.values()) and all(found == settings[0] for found in settings):
            yield runs


def _manifest(project: Project, arm: str, task: str) -> dict[str, Any]:
    """Return the manifest of a task that an arm has done; empty if it was not today's arm."""
    found = RunFolder(project.path(FOLDER, arm, task), "").manifest() or {}
    return found if found and found["weights"] == weights_key(project, arm) else {}


def _read(project: Project, arm: str, task: str) -> Measured:
    folder = project.path(FOLDER, arm, task)
    figures = [Figure(**row) for row in read_json(folder / FIGURES)]
    return Measured(figures, [RowScore(**row) for _, row in read_jsonl(folder / SCORES)])
