"""Decoding prompts of any lengths: rows that are finished leave, the next prompts enter.

All rows of the cache end at the same column, so that one step is one product for all of them,
as in plain padded decoding; but a finished row soon costs nothing, instead of waiting for the
slowest of its batch. `decode_plainly` is the slow twin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from pinchtune.config import GenerateConfig
from pinchtune.model.attention import only_attends
from pinchtune.model.pick import Picker

ROOM = 64
"""Free columns of a new cache; it is made anew when they are used up."""
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
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None) or 0.0
    weight = model.get_output_embeddings().weight
    return Picker(weight, float(softcap), config.repetition_penalty, config.temperature)


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


class _Columns(CacheLayerMixin):  # type: ignore[misc]
    """Keys and values [rows, heads, columns, width] of a layer, filled up to `end`."""

    end = 0

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Take these columns as they come."""
        self.keys, self.values, self.is_initialized = key_states, value_states, True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the next columns and return all columns so far."""
        start, self.end = self.end, self.end + key_states.shape[2]
        if self.keys is None or self.values is None:
            self.lazy_initialization(key_states, value_states)
            return key_states, value_states
        self.keys[:, :, start : self.end] = key_states
        self.values[:, :, start : self.end] = value_states
        return self.keys[:, :, : self.end], self.values[:, :, : self.end]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return how many columns the next mask covers, from the first on."""
        return self.end + query_length, 0

    def get_seq_length(self) -> int:
        """Return the filled columns."""
        return self.end

    def get_max_length(self) -> int:
        """Return -1: a full cache is rebuilt, never turned away."""
        return -1


class _Rows:
    """Slots with the prompts that are being answered; row i of everything is slot i."""

    def __init__(
        self, index: list[int | None], layers: list[_Columns], ids: Tensor, length: Tensor
    ) -> None:
        self.index, self.layers, self.cache = index, layers, Cache(layers=list(layers))
        self.ids = ids
        """Tokens of the cache's columns and the newest one, int64 [slots, columns + 1]."""
        self.length = length
        """Tokens of each row in the cache, int64 [slots]; the columns before are padding."""

    @property
    def end(self) -> int:
        """Filled columns of the cache."""
        return self.layers[0].end

    def slots(self, free: bool) -> list[int]:
        """Return the free or the busy slots."""
        return [slot for slot, index in enumerate(self.index) if (index is None) == free]

    def is_full(self) -> bool:
        """Return True if the cache has no column left."""
        keys: Any = self.layers[0].keys
        return self.end == int(keys.shape[2])

    def place(self, slots: Sequence[int], new: _Rows) -> None:
        """Put the rows of `new`, which has no more columns than this, into free slots."""
        start, where = self.end - new.end, torch.tensor(slots, device=self.ids.device)
        for mine, theirs in zip(self.layers, new.layers, strict=True):
            mine.keys[where, :, start : self.end] = theirs.keys
            mine.values[where, :, start : self.end] = theirs.values
        self.ids[where] = new.ids[:, :1]
        self.ids[where, start:] = new.ids
        self.length[where] = new.length
        for slot, index in zip(slots, new.index, strict=True):
            self.index[slot] = index


def _moved(rows: _Rows, slots: int, columns: int = 0) -> _Rows:
    """Return the busy rows in a new cache of `slots` rows, with at least `columns` filled.

    Columns that only finished rows used are left behind.
    """
    busy = rows.slots(free=False)
    which = torch.tensor(busy, dtype=torch.long, device=rows.ids.device)
    length = rows.length.new_zeros(slots)
    length[: len(busy)] = rows.length[which]
    end = max(int(length.max()), columns)
    kept = min(end, rows.end)
    layers = []
    for old in rows.layers:
        layer = _Columns()
        layer.lazy_initialization(
            *(
                _moved_columns(t[:, :, rows.end - kept : rows.end], which, slots, end)
                for t in (old.keys, old.values)
            )
        )
        layer.end = end
        layers.append(layer)
    ids = rows.ids.new_zeros(slots, end + 1)
    ids[: len(busy), end - kept :] = rows.ids[which, rows.end - kept :]
    ids[:, : end - kept] = ids[:, end - kept : end - kept + 1]
    index = [rows.index[slot] for slot in busy]
    return _Rows([*index, *[None] * (slots - len(busy))], layers, ids, length)


def _moved_columns(old: Tensor, which: Tensor, slots: int, end: int) -> Tensor:
    """Return old[which] [n, heads, kept, width] at the end of [slots, heads, end + ROOM, width]."""
    new = old.new_zeros(slots, old.shape[1], end + ROOM, old.shape[3])
    new[: len(which), :, end - old.shape[2] : end] = old[which]
    return new


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

        def note(rows: _Rows) -> None:
            """Add the newest token of each busy row to its answer; free the finished ones."""
            for slot, token in enumerate(rows.ids[:, -1].tolist()):
                if (index := rows.index[slot]) is not None:
                    answers[index].append(token)
                    if token in self.ends or len(answers[index]) >= limit:
                        rows.index[slot] = None
                        tick()

        rows = self._refill(None, prompts, waiting)
        while rows is not None:
            self._step(rows)
            note(rows)
            if len(rows.slots(free=True)) * REFILL >= len(rows.index) or rows.is_full():
                rows = self._refill(rows, prompts, waiting)
        return answers

    def _refill(
        self, rows: _Rows | None, prompts: Sequence[list[int]], waiting: deque[int]
    ) -> _Rows | None:
        """Return rows with the next prompts in their free slots; None if nothing is left."""
        slots = min(self.slots, len(prompts))
        while waiting and (rows is None or rows.slots(free=True)):
            room = rows.slots(free=True) if rows else range(slots)
            new = self._enter(prompts, waiting, len(room))
            if rows is None:
                rows = _moved(new, slots)
            else:
                if new.end > rows.end:
                    rows = _moved(rows, slots, new.end)
                rows.place(rows.slots(free=True)[: len(new.index)], new)
        busy = len(rows.slots(free=False)) if rows else 0
        if not (rows and busy):
            return None
        is_sparse = (len(rows.index) - busy) * REFILL >= len(rows.index)
        return _moved(rows, busy) if is_sparse or rows.is_full() else rows

    def _enter(self, prompts: Sequence[list[int]], waiting: deque[int], room: int) -> _Rows:
        """Return the next prompts as rows, all but their last token in the cache."""
        index = [waiting.popleft()]
        width = len(prompts[index[0]])
        while waiting and len(index) < room:
            following = len(prompts[waiting[0]])
            width = max(width, following)
            if width * (len(index) + 1) > PREFILL or following < DENSE * width:
                break
            index.append(waiting.popleft())
        parts = [prompts[i] for i in index]
        width = max(2, *map(len, parts))
        # Padding repeats a token of the row, so that the repetition penalty sees nothing new.
        ids = torch.tensor([part[:1] * (width - len(part)) + part for part in parts])
        length = torch.tensor([len(part) - 1 for part in parts]).to(self.device)
        layers = [_Columns() for _ in range(self.layers)]
        rows = _Rows(list(index), layers, ids.to(self.device), length)
        columns = torch.arange(width - 1, device=self.device) - (width - 1 - length)[:, None]
        self._forward(rows, rows.ids[:, :-1], columns.clamp(min=0), columns >= 0)
        return rows

    def _step(self, rows: _Rows) -> None:
        """Put the newest token of each row into the cache and choose the next."""
        columns = torch.arange(rows.end + 1, device=self.device)
        seen = columns >= (rows.end - rows.length)[:, None]
        states = self._forward(rows, rows.ids[:, -1:], rows.length[:, None], seen)
        newest = self.picker.pick(states[:, -1], rows.ids)
        rows.ids = torch.cat([rows.ids, newest[:, None]], dim=1)
        rows.length += 1

    def _forward(self, rows: _Rows, ids: Tensor, positions: Tensor, seen: Tensor) -> Tensor:
        states: Tensor = self.forward(
            input_ids=ids,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=rows.cache,
            use_cache=True,
        ).last_hidden_state
        return states
