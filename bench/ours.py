"""Measure pinchtune: tuning, answering, scoring. One process measures one of them once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.common import (
    BenchError,
    Clock,
    Result,
    Task,
    generation_result,
    measure,
    peak_megabytes,
)
from bench.workload import BATCH, LEARNING_RATES, LONGEST, RANK, Workload


def main(task: Task) -> Result:
    """Measure what the task's options name under `work`."""
    works = {"tune": tune, "generate": answer, "score": score}
    return works[task.options["work"]](Workload.load(task.workload), task.options)


def load(base: str) -> tuple[Any, Any]:
    """Return model and tokenizer, loaded as `pinch` loads them on a CPU."""
    from transformers.utils import logging

    from pinchtune.config import ModelConfig
    from pinchtune.model.load import load_model, load_tokenizer

    logging.disable_progress_bar()
    return load_model(ModelConfig(base=base, device="cpu")), load_tokenizer(base)


def tune(work: Workload, options: dict[str, Any]) -> Result:
    """Tune for the steps of the workload; losses, tokens, seconds, megabytes."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(work.base, tuning_rows(work), options["method"], Path(folder))
        _check_plan(work.steps, trainer.steps)
        trainer.run(lambda done: clock.step(done.tokens, done.loss))
    return clock.result()


def tuning_rows(work: Workload) -> list[Any]:
    """Return the workload's rows as the tuning loop takes them."""
    from pinchtune.model.chat import Encoded
    from pinchtune.training.loop import Row

    return [
        Row(Encoded(row.ids, [bool(t) for t in row.targets], False), row.language, False)
        for row in work.rows
    ]


def make_trainer(base: str, rows: Sequence[Any], method: str, folder: Path) -> Any:
    """Return pinchtune's trainer with nothing but tuning switched on."""
    from pinchtune.config import TrainConfig
    from pinchtune.training.loop import Trainer

    model, tokenizer = load(base)
    config = TrainConfig.model_validate(
        {
            "method": method,
            "rank": RANK,
            "learning_rate": LEARNING_RATES[method],
            "batch_size": BATCH,
            "max_length": LONGEST,
            "warmup": 0.0,
            "checkpoint_every": 0,
            "validate_every": 0,
        }
    )
    return Trainer(model, tokenizer, rows, config, folder)


def _check_plan(wanted: Sequence[Sequence[int]], found: Sequence[Sequence[int]]) -> None:
    if [sorted(step) for step in wanted] != [sorted(step) for step in found]:
        raise BenchError(
            "pinchtune plans other steps than the workload holds; "
            "raise SCHEMA in bench/common.py so that the workload is made anew"
        )


def answer(work: Workload, options: dict[str, Any]) -> Result:
    """Answer the prompts; useful tokens, seconds, megabytes."""
    from pinchtune.config import GenerateConfig
    from pinchtune.model.generate import LocalGenerator
    from pinchtune.model.packed import pack_layers
    from pinchtune.stages.generate import generate_answers

    model, tokenizer = load(work.base)
    pack_layers(model)
    prompts = [to_example(p.row) for p in work.prompts]

    def run(count: int, new_tokens: int) -> list[Any]:
        config = GenerateConfig(max_new_tokens=new_tokens, repetition_penalty=1.0)
        generator = LocalGenerator(model, tokenizer, config)
        with tempfile.TemporaryDirectory() as folder:
            return generate_answers(generator, prompts[:count], Path(folder))

    run(2, 4)
    start = perf_counter()
    answers = run(len(prompts), work.new_tokens)
    seconds = perf_counter() - start
    useful, texts = [a.tokens for a in answers], [a.text for a in answers]
    figures = generation_result(useful, sum(a.stopped for a in answers), texts, seconds)
    return {**figures, "peak_mb": peak_megabytes()}


def score(work: Workload, options: dict[str, Any]) -> Result:
    """Score the references; real tokens, seconds, bits, megabytes."""
    from pinchtune.model.packed import pack_layers
    from pinchtune.model.score import score_references

    if not work.references:
        raise BenchError("the data hold no reference to score; leave the part out with --only")
    model, tokenizer = load(work.base)
    pack_layers(model)
    examples = [to_example(r.row) for r in work.references]

    def run(part: list[Any]) -> list[Any]:
        return [b for batch in score_references(model, tokenizer, part, LONGEST) for b in batch]

    run(examples[:2])
    start = perf_counter()
    found = run(examples)
    seconds = perf_counter() - start
    if len(found) != len(examples):
        raise BenchError(f"pinchtune scored {len(found)} of {len(examples)} references")
    return score_result(work, sum(bits.bits for bits in found), seconds)


def score_result(work: Workload, bits: float, seconds: float) -> Result:
    """Return the figures of a scoring run; its tokens are prompts and responses."""
    tokens = sum(len(r.ids) for r in work.references)
    return {
        "tokens": tokens,
        "seconds": round(seconds, 4),
        "rate": round(tokens / seconds, 2),
        "bits_per_byte": round(bits / sum(r.size for r in work.references), 6),
        "peak_mb": peak_megabytes(),
    }


def to_example(row: dict[str, Any]) -> Any:
    """Return a stored row as pinchtune's example."""
    from pinchtune.records import Example

    names = {field.name for field in fields(Example)}
    values = {name: value for name, value in row.items() if name in names}
    if "history" in values:
        values["history"] = tuple((user, reply) for user, reply in values["history"])
    return Example(**values)


if __name__ == "__main__":
    measure(main)
