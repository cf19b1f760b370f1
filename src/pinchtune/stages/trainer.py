"""pinch export trainer: an arm's rows and settings, for another trainer to tune it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pinchtune.data.formats import read_examples
from pinchtune.errors import UsageError
from pinchtune.files import write_text
from pinchtune.model.embedded import hub_name, resolve_base
from pinchtune.progress import Progress, Silent
from pinchtune.stages.export import computed_format, new_folder
from pinchtune.stages.project import Project, finished
from pinchtune.stages.train import encode_rows, find_arm
from pinchtune.trainers.guide import write_guide
from pinchtune.trainers.origin import Origin, data_files, hash_files, write_origin
from pinchtune.trainers.recipe import Kit, Recipe, Tuned, write_shared
from pinchtune.trainers.table import Trainer, find_trainer


def export_trainer(
    project: Project,
    arm: str,
    folder: str | Path,
    to: str = "trl",
    progress: Progress | None = None,
) -> Path:
    """Write a folder with which the trainer `to` tunes an arm as `pinch train` would.

    The arm of a later seed is named `seed1/pinch`.
    """
    (known, trainer), folder = find_trainer(to), Path(folder)
    seed, name = find_arm(project, arm)
    if project.config.train.last_layers:
        raise UsageError(
            f"train.last_layers: {project.config.train.last_layers} is not told to other trainers, "
            "which would tune all layers; set it to 0, or let `pinch train` tune the arm"
        )
    mixture = finished(seed.path("mixture"), "mix")
    kit, counts = _make_kit(seed, name)
    with new_folder(folder) as draft:
        write_shared(draft, kit)
        trainer.write(draft, kit)
        write_text(draft / "README.md", write_guide(kit, trainer, project.config.name, arm))
        origin = Origin(
            trainer=known,
            arm=arm,
            mixture=mixture["files"][f"{name}.jsonl"],
            model=base_facts(project.config.model.base),
            train=seed.config.train.recipe,
            rows=counts,
            steps=kit.recipe.steps,
            data=hash_files(draft, data_files(draft)),
            settings=hash_files(draft, trainer.settings),
        )
        write_origin(draft, origin)
    (progress or Silent()).say(_summary(kit.recipe, counts, trainer))
    return folder


def _make_kit(project: Project, arm: str) -> tuple[Kit, dict[str, int]]:
    """Return the rows in the order of the steps, and how many were cut or dropped."""
    from pinchtune.training.loop import plan_steps, warmup_steps

    config, tokenizer = project.config, project.tokenizer
    examples = [row.example for row in read_examples(project.path("mixture", f"{arm}.jsonl"))]
    kept, rows, counts = encode_rows(tokenizer, examples, config.train.max_length)
    steps = plan_steps(rows, config.train)
    order = [i for step in steps for i in step]
    recipe = Recipe(
        base=_place(config.model.base),
        train=config.train,
        dtype=computed_format(config.model),
        warmup=warmup_steps(len(steps), config.train),
        sizes=tuple(map(len, steps)),
    )
    return Kit(recipe, tokenizer, [Tuned(kept[i], rows[i].encoded) for i in order]), counts


def _place(base: str) -> str:
    """Return what a trainer loads: the whole path of a folder, or a hub id."""
    source = resolve_base(base)
    return str(Path(source).absolute()) if Path(source).is_dir() else source


def base_facts(base: str) -> dict[str, Any]:
    """Return what tells a base model from another, without where it lies on this machine."""
    from pinchtune.model.load import model_facts

    return {"base": hub_name(base), "weights": model_facts(base).get("weights", {})}


def _summary(recipe: Recipe, counts: dict[str, int], trainer: Trainer) -> str:
    lost = ", ".join(f"{counts[name]} {name}" for name in ("cut", "dropped") if counts[name])
    return f"{recipe.rows} rows for {trainer.title}" + (f" ({lost})" if lost else "")


def check_base_facts(told: dict[str, Any], base: str) -> None:
    """Raise UsageError if an arm was exported for another base model than the project's."""
    facts = base_facts(base)
    if facts != told:
        raise UsageError(
            f"the arm was exported for the base model {told.get('base')}, and that of the project "
            f"is {facts['base']}, or has other weights; export and tune it again"
        )
