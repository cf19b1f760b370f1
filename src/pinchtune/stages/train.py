"""pinch train: tune the arms of the mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.config import ENGLISH, ModelConfig
from pinchtune.data.formats import read_examples
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_json, write_json
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.stages.pool import count_unapproved
from pinchtune.stages.project import BASE_ARM, Project, finished, stage_key, versions
from pinchtune.training.processes import Processes, count_processes

if TYPE_CHECKING:
    from pinchtune.training.loop import Progress as Step
    from pinchtune.training.loop import Reference, Row, Trainer

ELSEWHERE = "elsewhere.json"
"""Stands in the folder of an arm that another trainer has tuned, and says where it came from."""
VALIDATION_PROMPTS = 2
"""References a language in validation during training; evaluation uses all of them."""


def train(
    project: Project, arms: Sequence[str] = (), progress: Progress | None = None
) -> dict[str, RunFolder]:
    """Write runs/arms/<arm> for each arm: adapter or weights, tokenizer, metrics, manifest.

    Of several seeds each tunes its own arms; those of a later one are named `seed1/<arm>`.
    """
    wanted = [arm for arm in project.check_arms(arms) if arm != BASE_ARM]
    return {
        seed.name(arm): tune_arm(seed, arm, progress or Silent())
        for seed in project.seeds
        for arm in wanted
    }


def find_arm(project: Project, name: str) -> tuple[Project, str]:
    """Return the seed and the arm of a name, such as `seed1/pinch`; UsageError if none."""
    known = {seed.name(arm): (seed, arm) for seed in project.seeds for arm in ARMS}
    if name not in known:
        raise UsageError(f"unknown arm {name!r}; use one of: {', '.join(known)}")
    return known[name]


def tune_arm(
    project: Project, arm: str, progress: Progress, folder: Path | None = None
) -> RunFolder:
    """Write one arm of one seed, into runs/arms/<arm> unless told otherwise."""
    from pinchtune.training.heap import release_memory

    run = tuned_run(project, arm, folder)
    processes = _meet(project)
    processes.check_same(run.key, "mixture or pinch.toml")
    if processes.agree(not run.complete()):
        _make_arm(project, arm, run, progress if processes.is_main else Silent(), processes)
        release_memory()  # what comes next in this process loads a model again
    return run


def _make_arm(
    project: Project, arm: str, run: RunFolder, progress: Progress, processes: Processes
) -> None:
    from pinchtune.training.checkpoint import NAME

    _keep_elsewhere(project, arm, run.path)

    # Loaded first: what is wrong with the model shows before the folder is touched.
    job = _load_job(project, arm, run.path, processes)
    if processes.is_main:
        run.start()
    processes.wait()
    progress.say(job.compute)
    seconds, tokens = _tune(job.trainer, project.label(f"tuning {arm}"), progress)
    if processes.is_main:
        write_json(run.path / "timings.json", {"seconds": seconds, "tokens": tokens})
        run.finish({"arm": arm, **_facts(project, job)}, drop=[NAME])
    processes.wait()


def _meet(project: Project) -> Processes:
    """Return the processes that were started together to tune; usually this one alone."""
    if count_processes() == 1:
        return Processes()
    from pinchtune.model.load import pick_device

    return Processes(pick_device(project.config.model.device))


def _keep_elsewhere(project: Project, arm: str, folder: Path) -> None:
    """Refuse to tune over an arm that somebody else tuned, perhaps for days."""
    if read_elsewhere(folder) is not None:
        raise UsageError(
            f"{folder}: came from elsewhere, and is not whole or not of today's mixture and base "
            f"model; tune it again there and add it, or run `pinch arm remove {project.name(arm)}`"
        )


def read_elsewhere(folder: Path) -> dict[str, Any] | None:
    """Return what is told of an arm that came from elsewhere; None if it did not."""
    path = folder / ELSEWHERE
    value = read_json(path) if path.is_file() else None
    return value if isinstance(value, dict) else None


def added_run(project: Project, arm: str, told: dict[str, Any]) -> RunFolder:
    """Return the run folder of an arm that came from elsewhere, complete or not."""
    mixture = finished(project.path("mixture"), "mix")
    inputs = {
        "rows": mixture["files"][f"{arm}.jsonl"],
        "base": project.config.model.base,
        "elsewhere": told,
    }
    return RunFolder(project.path("arms", arm), stage_key("add", inputs))


def tuned_run(project: Project, arm: str, folder: Path | None = None) -> RunFolder:
    """Return the run folder of an arm that is tuned on today's mixture, complete or not.

    One that came from elsewhere is of today as long as mixture and base model are.
    """
    path = folder or project.path("arms", arm)
    if told := read_elsewhere(path):
        return added_run(project, arm, told)
    mixture = finished(project.path("mixture"), "mix")
    config = project.config
    inputs = {
        "rows": mixture["files"][f"{arm}.jsonl"],
        "train": config.train.recipe,
        "model": config.model.model_dump(mode="json"),
    }
    return RunFolder(path, stage_key("train", inputs))


class Job(NamedTuple):
    """What an arm is made from, ready to run."""

    trainer: Trainer
    examples: list[Example]
    """The examples of `trainer.rows`."""
    counts: dict[str, int]
    """How many rows are used, cut, and dropped because nothing of their response was left."""
    compute: str
    """One line on device, threads and number format."""


def _load_job(project: Project, arm: str, folder: Path, processes: Processes) -> Job:
    from transformers.utils import logging

    from pinchtune.model.load import describe_compute, load_model
    from pinchtune.training.loop import Trainer

    logging.disable_progress_bar()
    config, options = project.config, _same_model(project.config.model, processes)
    tokenizer = project.tokenizer
    examples = [row.example for row in read_examples(project.path("mixture", f"{arm}.jsonl"))]
    kept, rows, counts = encode_rows(tokenizer, examples, config.train.max_length)
    references = _references(project, tokenizer)
    splits_on = processes.splits_on
    model = load_model(options, in_memory=bool(splits_on))
    quick = config.model.kernels == "auto"
    trainer = Trainer(model, tokenizer, rows, config.train, folder, references, quick, splits_on)
    compute = describe_compute(model, config.model.kernels)
    if processes.count > 1:
        compute += f", {processes.count} processes"
    if splits_on:
        compute += f", weights split over them on {splits_on}"
    return Job(trainer, kept, counts, compute)


def _same_model(options: ModelConfig, processes: Processes) -> ModelConfig:
    """Return the options that all processes load by: the main one unpacks and measures first."""
    if processes.count == 1:
        return options
    from pinchtune.model.embedded import resolve_base
    from pinchtune.model.load import name_dtype, pick_device, pick_dtype

    with processes.main_first():
        resolve_base(options.base)
    dtype = name_dtype(pick_dtype(options.dtype, pick_device(options.device)))
    return options.model_copy(update={"dtype": processes.agree(dtype)})


def _tune(trainer: Trainer, label: str, progress: Progress) -> tuple[float, int]:
    """Tune; return the seconds that it took and the tokens of the whole arm, resumed or not."""
    with progress.task(label, len(trainer.steps)) as task:
        shown = 0

        def on_step(step: Step) -> None:
            nonlocal shown
            task.advance(step.step - shown, f"loss {step.loss:.3f}")
            shown = step.step

        seconds = trainer.run(on_step)
    return seconds, sum(map(trainer.count_tokens, range(len(trainer.steps))))


def _facts(project: Project, job: Job) -> dict[str, Any]:
    from pinchtune.model.load import model_facts

    config = project.config
    exposures = Counter(job.examples[i].id for step in job.trainer.steps for i in step)
    return {
        "train": config.train.recipe,
        "model": model_facts(config.model.base),
        "dtype": str(job.trainer.dtype),
        "steps": len(job.trainer.steps),
        "rows": job.counts,
        "unapproved": count_unapproved(job.examples),
        "exposures": {e.id: exposures[e.id] for e in job.examples if e.language != ENGLISH},
        "versions": versions(),
    }


def encode_rows(
    tokenizer: Any, examples: Sequence[Example], max_length: int
) -> tuple[list[Example], list[Row], dict[str, int]]:
    """Return the examples whose response fits, their rows, and how many were cut or dropped."""
    from pinchtune.model.chat import encode_example
    from pinchtune.training.loop import Row

    found = [
        Row(encode_example(tokenizer, e, max_length), e.language, e.language != ENGLISH)
        for e in examples
    ]
    kept = [(e, row) for e, row in zip(examples, found) if row.encoded.target_count]
    if not kept:
        raise UsageError(
            f"train.max_length: {max_length} tokens leave no response in any example; raise it"
        )
    cut, dropped = sum(row.encoded.cut for row in found), len(found) - len(kept)
    counts = {"used": len(kept), "cut": cut, "dropped": dropped}
    return [e for e, _ in kept], [row for _, row in kept], counts


def _references(project: Project, tokenizer: Any) -> list[Reference]:
    from pinchtune.model.chat import encode_example
    from pinchtune.model.score import reference_size
    from pinchtune.training.loop import Reference

    if not project.config.train.validate_every:
        return []
    taken: Counter[str] = Counter()
    references = []
    for example in project.evaluation_prompts():
        encoded = encode_example(tokenizer, example, project.config.train.max_length)
        if example.response and not encoded.cut and taken[example.language] < VALIDATION_PROMPTS:
            taken[example.language] += 1
            references.append(Reference(encoded, example.language, reference_size(example)))
    return references
