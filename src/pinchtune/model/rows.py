"""The cache of rows that are being answered: they come, and go, while the others go on.

All rows end at the same column, so that one step is one product for all of them; before a short
row stands padding. Rows that are finished are left behind when the cache is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

ROOM = 64
"""Free columns of a new cache; it is made anew when they are used up."""


class Columns(CacheLayerMixin):  # type: ignore[misc]
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
        if self.end > self.keys.shape[2]:
            self.keys = torch.cat([self.keys[:, :, :start], key_states], dim=2)
            self.values = torch.cat([self.values[:, :, :start], value_states], dim=2)
            return self.keys, self.values
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


class Rows:
    """Slots with the prompts that are being answered; row i of everything is slot i."""

    def __init__(
        self, index: list[int | None], layers: list[Columns], ids: Tensor, length: Tensor
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

    def place(self, slots: Sequence[int], new: Rows) -> None:
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


def moved(rows: Rows, slots: int, columns: int = 0) -> Rows:
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
        layer = Columns()
        layer.lazy_initialization(
            *(
                _move_columns(t[:, :, rows.end - kept : rows.end], which, slots, end)
                for t in (old.keys, old.values)
            )
        )
        layer.end = end
        layers.append(layer)
    ids = rows.ids.new_zeros(slots, end + 1)
    ids[: len(busy), end - kept :] = rows.ids[which, rows.end - kept :]
    ids[:, : end - kept] = ids[:, end - kept : end - kept + 1]
    index = [rows.index[slot] for slot in busy]
    return Rows([*index, *[None] * (slots - len(busy))], layers, ids, length)


def _move_columns(old: Tensor, which: Tensor, slots: int, end: int) -> Tensor:
    """Return old[which] [n, heads, kept, width] at the end of [slots, heads, end + ROOM, width]."""
    new = old.new_zeros(slots, old.shape[1], end + ROOM, old.shape[3])
    new[: len(which), :, end - old.shape[2] : end] = old[which]
    return new
