"""pinch generate: let each arm answer the evaluation prompts, and score the references."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from pinchtune.config import ModelConfig
from pinchtune.errors import RunError, UsageError
from pinchtune.files import RunFolder, append_line, cut_lines, write_json, write_jsonl
from pinchtune.model.generate import EndpointGenerator, Generator, LocalGenerator, Tick
from pinchtune.progress import Progress, Silent
from pinchtune.records import Answer, Example
from pinchtune.stages.project import (
    BASE_ARM,
    Project,
    finished,
    first_of_each,
    stage_key,
    versions,
)

MAX_REFERENCE = 2048
"""Longest reference, in tokens, whose bits per byte are computed."""
PARTIAL = "answers.partial.jsonl"
SECONDS = "seconds.partial"
"""How long each batch of a run took, so that a run that was killed is timed whole."""
PARTIALS = (PARTIAL, SECONDS)


def generate(
    project: Project, arms: Sequence[str] = (), progress: Progress | None = None
) -> dict[str, RunFolder]:
    """Write runs/answers/<arm> for each arm: answers.jsonl and bits.jsonl.

    Of several seeds each has its own arms; those of a later one are named `seed1/<arm>`.
    """
    prompts = project.evaluation_prompts()
    wanted = project.check_arms(arms)
    return {
        seed.name(arm): answer_arm(seed, arm, prompts, progress or Silent())
        for seed in project.seeds
        for arm in seed.arms
        if arm in wanted
    }


def answer_arm(
    project: Project, arm: str, prompts: Sequence[Example], progress: Progress
) -> RunFolder:
    """Write runs/answers/<arm> of one seed; what is there already is kept."""
    run = answered_run(project, arm, prompts)
    if not run.complete():
        # Loaded first: what is wrong with the model shows before the folder is touched.
        generator = load_generator(project, arm)
        run.start()
        kept = first_of_each(prompts, project.config.evaluate.references).values()
        references = [e for rows in kept for e in rows]
        label = project.label(arm)
        facts = _answer(generator, label, prompts, references, run.path, progress)
        settings = project.config.generate.model_dump(mode="json")
        run.finish({"arm": arm, **facts, "generate": settings}, drop=PARTIALS)
    return run


def answered_run(project: Project, arm: str, prompts: Sequence[Example]) -> RunFolder:
    """Return the run folder of an arm's answers to these prompts, complete or not."""
    config = project.config
    inputs = {
        "arm": project.name(arm) if config.generate.endpoint else "",
        "weights": config.model.base if config.generate.endpoint else weights_key(project, arm),
        "prompts": [e.id for e in prompts],
        "generate": config.generate.model_dump(mode="json"),
        "model": config.model.model_dump(mode="json"),
        "references": config.evaluate.references,
    }
    return RunFolder(project.path("answers", arm), stage_key("generate", inputs))


def weights_key(project: Project, arm: str) -> Any:
    """Return what tells the weights of an arm from others: their hashes, or the base's name."""
    if arm == BASE_ARM:
        return project.config.model.base
    files = finished(project.path("arms", arm), "train")["files"]
    return {k: v for k, v in files.items() if k.endswith(".safetensors")}


def _answer(
    generator: Generator,
    label: str,
    prompts: Sequence[Example],
    references: Sequence[Example],
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    earlier = sum(map(float, cut_lines(folder / SECONDS)))
    start = perf_counter()
    answers = generate_answers(generator, prompts, folder, f"answering {label}", progress)
    if isinstance(generator, LocalGenerator):
        _score(generator, references, folder, f"scoring {label}", progress)
    write_jsonl(folder / "answers.jsonl", (answer.to_row() for answer in answers))
    tokens = sum(answer.tokens for answer in answers)
    seconds = earlier + perf_counter() - start
    write_json(folder / "timings.json", {"seconds": seconds, "tokens": tokens})
    return {"answers": len(answers), "tokens": tokens, "versions": versions()}


def load_generator(project: Project, arm: str) -> Generator:
    """Return what answers for an arm: its weights, or the endpoint of the project."""
    import torch

    from pinchtune.model.chat import end_token_ids
    from pinchtune.model.loss import TargetLoss, check_head
    from pinchtune.model.packed import pack_layers

    config = project.config.generate
    if config.endpoint:
        return EndpointGenerator(project.name(arm), config)
    model, tokenizer = load_weights(project, arm)
    check_head(TargetLoss(model), torch.tensor([end_token_ids(tokenizer) * 4], device=model.device))
    quick = project.config.model.kernels == "auto"
    if quick:
        pack_layers(model)
    return LocalGenerator(model, tokenizer, config, quick)


def load_weights(project: Project, arm: str, config: ModelConfig | None = None) -> tuple[Any, Any]:
    """Return model and tokenizer of an arm, computed as the project or `config` says."""
    from transformers.utils import logging

    from pinchtune.model.load import load_arm, load_model, load_tokenizer

    logging.disable_progress_bar()
    config = config or project.config.model
    if arm == BASE_ARM:
        return load_model(config), project.tokenizer
    folder = project.path("arms", arm)
    return load_arm(folder, config), load_tokenizer(str(folder))


def generate_answers(
    generator: Generator,
    prompts: Sequence[Example],
    folder: Path,
    label: str = "answering",
    progress: Progress | None = None,
) -> list[Answer]:
    """Return the answers in the order of the prompts; batches done by a killed run are kept."""
    batches = generator.plan(prompts)

    def make(batch: int, tick: Tick) -> list[dict[str, Any]]:
        part = [prompts[i] for i in batches[batch]]
        return [answer.to_row() for answer in generator.generate(part, batch, tick)]

    sizes = [len(b) for b in batches]
    rows = _resumable(folder / PARTIAL, sizes, make, label, progress or Silent())
    done = {i: Answer(**row) for i, row in zip(_flatten(batches), rows, strict=True)}
    return [done[i] for i in range(len(prompts))]


def _flatten(batches: Sequence[Sequence[int]]) -> Iterator[int]:
    return (i for batch in batches for i in batch)


def _resumable(
    path: Path,
    sizes: Sequence[int],
    make: Callable[[int, Tick], list[dict[str, Any]]],
    label: str,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Return all rows of all batches, appending each finished batch to `path` as one line."""
    batches: list[list[dict[str, Any]]] = [json.loads(line) for line in cut_lines(path)]
    with progress.task(label, sum(sizes), sum(sizes[: len(batches)])) as task:
        for k in range(len(batches), len(sizes)):
            start = perf_counter()
            batches.append(make(k, task.advance))
            append_line(path, json.dumps(batches[k], ensure_ascii=False))
            with suppress(RunError):  # a time that cannot be kept costs nobody an answer
                append_line(path.with_name(SECONDS), str(perf_counter() - start))
    return [row for rows in batches for row in rows]


def _score(
    generator: LocalGenerator,
    references: Sequence[Example],
    folder: Path,
    label: str,
    progress: Progress,
) -> None:
    from pinchtune.model.score import score_references

    model, tokenizer, rows = generator.model, generator.tokenizer, []
    total = sum(bool(e.response) for e in references)
    with progress.task(label, total) as task:
        batches = score_references(model, tokenizer, references, MAX_REFERENCE, generator.quick)
        for batch in batches:
            rows += [{"prompt_id": b.prompt_id, "bits": b.bits, "bytes": b.size} for b in batch]
            task.advance(len(batch))
    write_jsonl(folder / "bits.jsonl", sorted(rows, key=lambda row: str(row["prompt_id"])))


def read_answers(project: Project, arm: str, prompts: Sequence[Example]) -> list[Answer]:
    """Return the stored answers of an arm; UsageError if they are not to these prompts."""
    from pinchtune.files import read_jsonl

    finished(project.path("answers", arm), "generate")
    rows = read_jsonl(project.path("answers", arm, "answers.jsonl"))
    answers = [Answer(**row) for _, row in rows]
    if [a.prompt_id for a in answers] != [p.id for p in prompts]:
        raise UsageError(
            f"the answers of {arm} are not to today's evaluation prompts; run `pinch generate`"
        )
    return answers
