"""pinch train: tune the arms of the mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pinchtune.config import ENGLISH
from pinchtune.data.formats import read_examples
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, write_json
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.stages.project import BASE_ARM, Project, finished, stage_key, versions

if TYPE_CHECKING:
    from pinchtune.training.loop import Progress as Step
    from pinchtune.training.loop import Reference, Row

VALIDATION_PROMPTS = 2
"""References a language in validation during training; evaluation uses all of them."""


def train(
    project: Project, arms: Sequence[str] = (), progress: Progress | None = None
) -> dict[str, RunFolder]:
    """Write runs/arms/<arm> for each arm: adapter or weights, tokenizer, metrics, manifest."""
    wanted = [arm for arm in project.check_arms(arms) if arm != BASE_ARM]
    return {arm: _train_arm(project, arm, progress or Silent()) for arm in wanted}


def _train_arm(project: Project, arm: str, progress: Progress) -> RunFolder:
    mixture = finished(project.path("mixture"), "mix")
    config = project.config
    run = RunFolder(
        project.path("arms", arm),
        stage_key(
            "train",
            {
                "rows": mixture["files"][f"{arm}.jsonl"],
                "train": config.train.model_dump(mode="json"),
                "model": config.model.model_dump(mode="json"),
            },
        ),
    )
    if not run.complete():
        run.start()
        run.finish(_tune(project, arm, run.path, progress))
    return run


def _tune(project: Project, arm: str, folder: Path, progress: Progress) -> dict[str, Any]:
    from transformers.utils import logging

    from pinchtune.model.load import load_model, load_tokenizer, model_facts
    from pinchtune.training.loop import Trainer, plan_steps

    logging.disable_progress_bar()
    config = project.config
    tokenizer = load_tokenizer(config.model.base)
    examples = [row.example for row in read_examples(project.path("mixture", f"{arm}.jsonl"))]
    rows, cut, dropped = encode_rows(tokenizer, examples, config.train.max_length)
    references = _references(project, tokenizer)
    model = load_model(config.model)
    trainer = Trainer(model, tokenizer, rows, config.train, folder, references)
    start, tokens = perf_counter(), 0
    with progress.task(f"tuning {arm}", len(trainer.steps)) as task:
        shown = 0

        def on_step(step: Step) -> None:
            nonlocal shown, tokens
            tokens += step.tokens
            task.advance(step.step - shown, f"loss {step.loss:.3f}")
            shown = step.step

        trainer.run(on_step)
    seconds = perf_counter() - start
    write_json(folder / "timings.json", {"seconds": seconds, "tokens": tokens})
    exposures = Counter(examples[i].id for step in plan_steps(rows, config.train) for i in step)
    return {
        "arm": arm,
        "train": config.train.model_dump(mode="json"),
        "model": model_facts(config.model.base),
        "dtype": str(model.dtype),
        "steps": len(trainer.steps),
        "rows": {"used": len(rows), "cut": cut, "dropped": dropped},
        "exposures": {e.id: exposures[e.id] for e in examples if e.language != ENGLISH},
        "versions": versions(),
    }


def encode_rows(
    tokenizer: Any, examples: Sequence[Example], max_length: int
) -> tuple[list[Row], int, int]:
    """Return the encoded rows, how many were cut, and how many lost their response by it."""
    from pinchtune.model.chat import encode_example
    from pinchtune.training.loop import Row

    found = [
        Row(encode_example(tokenizer, e, max_length), e.language, e.language != ENGLISH)
        for e in examples
    ]
    rows = [row for row in found if row.encoded.target_count]
    if not rows:
        raise UsageError(
            f"train.max_length: {max_length} tokens leave no response in any example; raise it"
        )
    return rows, sum(row.encoded.cut for row in found), len(found) - len(rows)


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
