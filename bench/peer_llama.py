"""Measure llama.cpp through llama-cpp-python's low-level functions, many answers at a time.

The high-level class answers one prompt after another. Here each of `slots` sequences holds one
prompt; one call advances all of them, and a slot whose answer is done takes the next prompt,
as llama.cpp's own server does.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from llama_cpp import llama_cpp as llama

from bench.common import (
    BenchError,
    Result,
    Task,
    answers_result,
    measure,
    peak_megabytes,
    to_texts,
)
from bench.weights import weights_file
from bench.workload import Workload

TOKENS_AT_ONCE = 2048
"""Most tokens in one call."""
CELLS = 256
"""A sequence's share of the cache is a multiple of this many tokens."""


def main(task: Task) -> Result:
    """Answer the prompts; useful tokens, seconds, megabytes."""
    work, options = Workload.load(task.workload), task.options
    file = weights_file(options["weights"])
    if not file.is_file():
        raise BenchError(f"{file.name} is not there; run `python -m bench.weights` first")
    engine = Engine(file, work, options["slots"])
    prompts = [p.ids for p in work.prompts]
    engine.answer(prompts[:2], 4)
    start = perf_counter()
    answers = engine.answer(prompts, work.new_tokens)
    seconds = perf_counter() - start
    peak = peak_megabytes()
    return {
        **answers_result(answers, work.ends, to_texts(answers, work.ends, work.model), seconds),
        "peak_mb": peak,
        "processor": llama.llama_print_system_info().decode(),
    }


@dataclass
class Sequence:
    """One prompt on its way."""

    index: int
    """Which prompt."""
    waiting: list[int]
    """Tokens that the next call takes."""
    position: int = 0
    """Tokens that stand in the cache."""
    new: list[int] = field(default_factory=list)


class Engine:
    """A model in a context of so many slots."""

    def __init__(self, file: Path, work: Workload, slots: int) -> None:
        self.slots, self.ends = slots, set(work.ends)
        self.silent = llama.llama_log_callback(lambda level, text, data: None)
        llama.llama_log_set(self.silent, ctypes.c_void_p(0))
        llama.llama_backend_init()
        model = llama.llama_model_load_from_file(
            os.fsencode(file), llama.llama_model_default_params()
        )
        longest = max(len(p.ids) for p in work.prompts) + work.new_tokens
        self.context = model and llama.llama_init_from_model(model, self._parameters(longest))
        if not self.context:
            raise BenchError(f"llama.cpp cannot load {file.name}; remove it and run again")
        self.memory = llama.llama_get_memory(self.context)
        self.words = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        self.batch = llama.llama_batch_init(TOKENS_AT_ONCE, 0, 1)

    def _parameters(self, longest: int) -> Any:
        values = llama.llama_context_default_params()
        values.n_ctx = self.slots * -(-longest // CELLS) * CELLS
        values.n_batch, values.n_ubatch = TOKENS_AT_ONCE, 512
        values.n_seq_max = self.slots
        # Room for the logits of one token a slot, not of a whole batch.
        values.n_outputs_max = self.slots
        values.kv_unified = False
        values.n_threads = values.n_threads_batch = len(os.sched_getaffinity(0))
        return values

    def answer(self, prompts: list[list[int]], new_tokens: int) -> list[list[int]]:
        """Return the new tokens of each prompt, the longest prompts first in the slots."""
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        answers: list[list[int]] = [[] for _ in prompts]
        active: dict[int, Sequence] = {}
        while order or active:
            self._fill(active, order, prompts)
            for slot, token in self._advance(active):
                sequence = active[slot]
                sequence.new.append(token)
                sequence.waiting = [token]
                if token in self.ends or len(sequence.new) == new_tokens:
                    answers[sequence.index] = sequence.new
                    del active[slot]
                    llama.llama_memory_seq_rm(self.memory, slot, -1, -1)
        return answers

    def _fill(
        self, active: dict[int, Sequence], order: list[int], prompts: list[list[int]]
    ) -> None:
        """Give free slots their next prompt as long as one call holds all tokens."""
        room = TOKENS_AT_ONCE - len(active)
        for slot in range(self.slots):
            if slot in active or not order or len(prompts[order[-1]]) > room:
                continue
            index = order.pop()
            active[slot] = Sequence(index, prompts[index])
            room -= len(prompts[index])

    def _advance(self, active: dict[int, Sequence]) -> Iterator[tuple[int, int]]:
        """Run one call over all slots and yield (slot, most likely next token)."""
        places = self._load_batch(active)
        status = llama.llama_decode(self.context, self.batch)
        if status != 0:
            raise BenchError(f"llama_decode failed with status {status}; use fewer slots")
        found = []
        for slot, place in places.items():
            logits = llama.llama_get_logits_ith(self.context, place)
            values = np.ctypeslib.as_array(logits, shape=(self.words,))
            found.append((slot, int(values.argmax())))
        yield from found

    def _load_batch(self, active: dict[int, Sequence]) -> dict[int, int]:
        """Write the waiting tokens into the batch; return each slot's last place in it."""
        batch, place, last = self.batch, 0, {}
        for slot, sequence in active.items():
            for token in sequence.waiting:
                batch.token[place], batch.pos[place] = token, sequence.position
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, slot
                batch.logits[place] = 0
                sequence.position += 1
                place += 1
            last[slot] = place - 1
            batch.logits[place - 1] = 1
        batch.n_tokens = place
        return last


if __name__ == "__main__":
    measure(main)
