"""From last hidden states to next tokens: the output layer, the repetition penalty, the choice.

The penalty and the choice are those of transformers, token for token, without its copy of all
logits in float32: only tokens that stand in the text already are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pinchtune.model.packed import pack

STRIP = 512
"""Words among which the place of a maximum is sought."""


class Draw(NamedTuple):
    """How a token is sampled."""

    temperature: float
    """Above zero."""
    generator: torch.Generator


class Picker:
    """Chooses greedily, or samples at a temperature above zero."""

    def __init__(
        self, weight: Tensor, softcap: float = 0.0, penalty: float = 1.0, temperature: float = 0.0
    ) -> None:
        self.product: Callable[[Tensor], Tensor] = pack(weight)
        self.softcap, self.penalty, self.temperature = softcap, penalty, temperature
        self.generator = torch.Generator(weight.device)

    def pick(self, states: Tensor, seen: Tensor) -> Tensor:
        """Return the next tokens [n] of states [n, D] after texts whose tokens are seen [n, S]."""
        logits = self._logits(states)
        if self.temperature > 0:
            return self._sample(logits, seen, Draw(self.temperature, self.generator))
        return self._best(logits, seen)

    def pick_each(self, states: Tensor, seen: Tensor, draws: Sequence[Draw | None]) -> Tensor:
        """Return the next tokens [n], each row sampled by its own draw; None takes the best."""
        logits = self._logits(states)
        drawn = {
            row: self._sample(logits[row : row + 1], seen[row : row + 1], draw)
            for row, draw in enumerate(draws)
            if draw
        }
        tokens = self._best(logits, seen)
        for row, token in drawn.items():
            tokens[row] = token
        return tokens

    def _logits(self, states: Tensor) -> Tensor:
        logits = self.product(states)
        return self.softcap * torch.tanh(logits / self.softcap) if self.softcap else logits

    def _sample(self, logits: Tensor, seen: Tensor, draw: Draw) -> Tensor:
        penalised = self._penalise(logits.gather(1, seen).float())
        scaled = logits.float().scatter_(1, seen, penalised) / draw.temperature
        return torch.multinomial(scaled.softmax(-1), 1, generator=draw.generator)[:, 0]

    def _best(self, logits: Tensor, seen: Tensor) -> Tensor:
        """Return the likeliest tokens; `logits` is not to be used any more."""
        if self.penalty == 1:
            return _largest(logits)[1]
        best_seen, token = _first_best(self._penalise(logits.gather(1, seen).float()), seen)
        starts = torch.arange(len(seen), device=seen.device)[:, None] * logits.shape[1]
        logits.view(-1).index_fill_(0, (seen + starts).view(-1), float("-inf"))
        best, other = _largest(logits)
        take_seen = (best_seen > best.float()) | ((best_seen == best.float()) & (token < other))
        return torch.where(take_seen, token, other)

    def _penalise(self, logits: Tensor) -> Tensor:
        return torch.where(logits < 0, logits * self.penalty, logits / self.penalty)


def _largest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest of each row [n, V] and the first place that has it.

    Torch finds a maximum ten times quicker than its place, so the place is sought in one strip.
    """
    rows, words = logits.shape
    if words % STRIP:
        found = logits.max(1)
        return found.values, found.indices
    strips = logits.view(rows, -1, STRIP)
    peaks = strips.amax(-1)
    best, strip = peaks.max(1)
    place = strips[torch.arange(rows, device=logits.device), strip].max(1).indices
    return best, strip * STRIP + place


def _first_best(values: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest of values [n, S] and the smallest token that has it."""
    best = values.amax(1)
    last = torch.iinfo(tokens.dtype).max
    return best, tokens.masked_fill(values < best[:, None], last).amin(1)
