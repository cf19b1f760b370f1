"""Measure transformers: `generate` in batches of like length, and its continuous batching."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from bench.common import (
    BenchError,
    Result,
    Task,
    answers_result,
    measure,
    peak_megabytes,
    to_texts,
)
from bench.workload import Workload


def main(task: Task) -> Result:
    """Answer the prompts; useful tokens, seconds, megabytes."""
    work, options = Workload.load(task.workload), task.options
    model = AutoModelForCausalLM.from_pretrained(
        work.model, dtype=getattr(torch, options["weights"])
    ).eval()
    answer = {"generate": in_batches, "continuous": continuously}[options["engine"]]
    prompts = [p.ids for p in work.prompts]
    answer(model, prompts[:2], work, options, 4)
    start = perf_counter()
    answers = answer(model, prompts, work, options, work.new_tokens)
    seconds = perf_counter() - start
    peak = peak_megabytes()
    figures = answers_result(answers, work.ends, to_texts(answers, work.ends, work.model), seconds)
    return {**figures, "peak_mb": peak}


def in_batches(
    model: Any, prompts: list[list[int]], work: Workload, options: dict[str, Any], new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of each prompt; prompts of like length meet in a batch."""
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    answers: list[list[int]] = [[] for _ in prompts]
    for first in range(0, len(order), options["batch"]):
        part = order[first : first + options["batch"]]
        found = one_batch(model, [prompts[i] for i in part], work, new_tokens)
        for i, ids in zip(part, found, strict=True):
            answers[i] = ids
    return answers


def one_batch(
    model: Any, prompts: Sequence[list[int]], work: Workload, new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of one batch [B, T], padded on the left."""
    width = max(len(ids) for ids in prompts)
    lacking = [width - len(ids) for ids in prompts]
    ids = torch.tensor([[work.pad] * n + p for n, p in zip(lacking, prompts, strict=True)])
    mask = torch.tensor([[0] * n + [1] * len(p) for n, p in zip(lacking, prompts, strict=True)])
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=new_tokens,
            eos_token_id=work.ends,
            pad_token_id=work.pad,
        )
    new: list[list[int]] = output[:, width:].tolist()
    return new


def continuously(
    model: Any, prompts: list[list[int]], work: Workload, options: dict[str, Any], new_tokens: int
) -> list[list[int]]:
    """Return the new tokens of each prompt by `generate_batch`, which refills its batch."""
    from transformers import ContinuousBatchingConfig, GenerationConfig

    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=new_tokens,
        eos_token_id=work.ends,
        pad_token_id=work.pad,
    )
    room = ContinuousBatchingConfig(
        max_requests_per_batch=options["batch"], max_batch_tokens=1024, max_memory_percent=0.1
    )
    found = model.generate_batch(prompts, generation_config=config, continuous_batching_config=room)
    answers = [output.generated_tokens for output in found.values() if not output.error]
    if len(answers) != len(prompts):
        raise BenchError(f"generate_batch answered {len(answers)} of {len(prompts)} prompts")
    return answers


if __name__ == "__main__":
    measure(main)
