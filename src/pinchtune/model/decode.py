"""Decoding prompts of any lengths: rows that are finished leave, the next prompts enter.

All rows of the cache end at the same column, so that one step is one product for all of them,
as in plain padded decoding; but a finished row soon costs nothing, instead of waiting for the
slowest of its batch. `decode_plainly` is the slow twin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from pinchtune.config import GenerateConfig
from pinchtune.model.attention import only_attends
from pinchtune.model.layers import softcap
from pinchtune.model.pick import Picker
from pinchtune.model.rows import Columns, Rows, moved

REFILL = 8
"""The next prompts enter when one slot in so many is free."""

PREFILL = 8192
"""Padded tokens of prompts that enter in one forward pass."""

DENSE = 0.8
"""Shortest next prompt, as a share of the longest, that enters in the same pass."""


def can_decode(model: Any) -> bool:
    """Return True if every layer of the model keeps keys and values of its own, nothing else."""
    is_unbiased = getattr(model.get_output_embeddings(), "bias", None) is None
    shares_keys = bool(getattr(model.config.get_text_config(), "num_kv_shared_layers", 0))
    return only_attends(model) and is_unbiased and not shares_keys


def make_picker(model: Any, config: GenerateConfig) -> Picker:
    """Return the model's output layer with the choice that `config` describes."""
    weight = model.get_output_embeddings().weight
    return Picker(weight, softcap(model), config.repetition_penalty, config.temperature)


def decode_plainly(
    model: Any,
    prompts: Sequence[list[int]],
    ends: Sequence[int],
    config: GenerateConfig,
    batch: int,
    tick: Callable[[], None],
) -> list[list[int]]:
    """Return what `Decoder.decode` returns, by `generate` of transformers, with its settings.

    Sampling draws other tokens from the same chances.
    """
    width = max(map(len, prompts))
    # Padding repeats a token of the row, so that the repetition penalty sees nothing new.
    ids = torch.tensor([p[:1] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    sampling: dict[str, Any] = {"do_sample": config.temperature > 0}
    if config.temperature > 0:
        torch.manual_seed(batch_seed(config, batch))
        sampling |= {"temperature": config.temperature, "top_k": 0, "top_p": 1.0}
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            **sampling,
            max_new_tokens=config.max_new_tokens,
            repetition_penalty=config.repetition_penalty,
            eos_token_id=list(ends),
            pad_token_id=ends[0],
        )
    answers = [_cut(row, set(ends)) for row in output[:, width:].tolist()]
    for _ in answers:
        tick()
    return answers


def _cut(ids: list[int], ends: set[int]) -> list[int]:
    end = next((i for i, token in enumerate(ids) if token in ends), len(ids))
    return ids[: end + 1]


def batch_seed(config: GenerateConfig, batch: int) -> int:
    """Return the seed of sampling in a batch."""
    return (config.seed * 1_000_003 + batch) % 2**63


Pick = Callable[[Tensor, Tensor], Tensor]
"""From last states [n, D] and the tokens so far [n, S] to the next tokens [n]."""


def next_of_like_length(prompts: Sequence[list[int]], waiting: deque[int], room: int) -> list[int]:
    """Take the next prompts that fit in one forward pass without much padding."""
    index = [waiting.popleft()]
    width = len(prompts[index[0]])
    while waiting and len(index) < room:
        following = len(prompts[waiting[0]])
        width = max(width, following)
        if width * (len(index) + 1) > PREFILL or following < DENSE * width:
            break
        index.append(waiting.popleft())
    return index


class Decoder:
    """Decodes with a model's own forward pass; `picker` turns states into next tokens."""

    def __init__(self, model: Any, picker: Picker, ends: Iterable[int], slots: int) -> None:
        self.picker, self.ends, self.slots = picker, set(ends), slots
        self.layers = int(model.config.get_text_config().num_hidden_layers)
        self.device, self.forward = model.device, model.get_decoder()

    @torch.inference_mode()
    def decode(
        self, prompts: Sequence[list[int]], limit: int, tick: Callable[[], None] = lambda: None
    ) -> list[list[int]]:
        """Return the new tokens of each prompt, up to and with the first end token.

        Prompts enter in their order: those of like length should stand together.
        """
        answers: list[list[int]] = [[] for _ in prompts]
        waiting = deque(range(len(prompts)))

        def note(rows: Rows) -> None:
            """Add the newest token of each busy row to its answer; free the finished ones."""
            for slot, token in enumerate(rows.ids[:, -1].tolist()):
                if (index := rows.index[slot]) is not None:
                    answers[index].append(token)
                    if token in self.ends or len(answers[index]) >= limit:
                        rows.index[slot] = None
                        tick()

        rows = self._refill(None, prompts, waiting)
        while rows is not None:
            self.step(rows)
            note(rows)
            if len(rows.slots(free=True)) * REFILL >= len(rows.index) or rows.is_full():
                rows = self._refill(rows, prompts, waiting)
        return answers

    def _refill(
        self, rows: Rows | None, prompts: Sequence[list[int]], waiting: deque[int]
    ) -> Rows | None:
        """Return rows with the next prompts in their free slots; None if nothing is left."""
        slots = min(self.slots, len(prompts))
        while waiting and (rows is None or rows.slots(free=True)):
            room = rows.slots(free=True) if rows else range(slots)
            new = self._enter(prompts, waiting, len(room))
            if rows is None:
                rows = moved(new, slots)
            else:
                if new.end > rows.end:
                    rows = moved(rows, slots, new.end)
                rows.place(rows.slots(free=True)[: len(new.index)], new)
        busy = len(rows.slots(free=False)) if rows else 0
        if not (rows and busy):
            return None
        is_sparse = (len(rows.index) - busy) * REFILL >= len(rows.index)
        return moved(rows, busy) if is_sparse or rows.is_full() else rows

    def _enter(self, prompts: Sequence[list[int]], waiting: deque[int], room: int) -> Rows:
        """Return the next prompts as rows, all but their last token in the cache."""
        index = next_of_like_length(prompts, waiting, room)
        *_, rows = self.enter(index, [prompts[i] for i in index], PREFILL)
        return rows

    @torch.inference_mode()
    def enter(self, index: Sequence[int], parts: Sequence[list[int]], piece: int) -> Iterator[Rows]:
        """Yield prompts as rows after each `piece` columns; then all but the last are cached."""
        width = max(2, *map(len, parts))
        # Padding repeats a token of the row, so that the repetition penalty sees nothing new.
        ids = torch.tensor([part[:1] * (width - len(part)) + part for part in parts])
        length = torch.tensor([len(part) - 1 for part in parts]).to(self.device)
        layers = [Columns() for _ in range(self.layers)]
        rows = Rows(list(index), layers, ids.to(self.device), length)
        columns = torch.arange(width - 1, device=self.device) - (width - 1 - length)[:, None]
        for start in range(0, width - 1, piece):
            end = min(start + piece, width - 1)
            positions = columns[:, start:end].clamp(min=0)
            self._forward(rows, rows.ids[:, start:end], positions, columns[:, :end] >= 0)
            yield rows

    @torch.inference_mode()
    def step(self, rows: Rows, pick: Pick | None = None) -> None:
        """Put the newest token of each row into the cache and choose the next."""
        columns = torch.arange(rows.end + 1, device=self.device)
        seen = columns >= (rows.end - rows.length)[:, None]
        states = self._forward(rows, rows.ids[:, -1:], rows.length[:, None], seen)
        newest = (pick or self.picker.pick)(states[:, -1], rows.ids)
        rows.ids = torch.cat([rows.ids, newest[:, None]], dim=1)
        rows.length += 1

    def _forward(self, rows: Rows, ids: Tensor, positions: Tensor, seen: Tensor) -> Tensor:
        states: Tensor = self.forward(
            input_ids=ids,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=rows.cache,
            use_cache=True,
        ).last_hidden_state
        return states
