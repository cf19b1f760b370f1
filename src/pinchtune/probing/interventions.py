"""Models that were changed by hand: what a change brings about says what it is for.

Nothing here tunes and nothing is copied: a changed model shares its weights with those it is
made of, so they must stay as they are while it is used.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinchtune.model.generate import LocalGenerator, Tick
from pinchtune.model.layers import decoder_layers
from pinchtune.records import Answer, Example

Vector = NDArray[np.floating[Any]]


def patch_layers(model: Any, other: Any, layers: Iterable[int]) -> Any:
    """Return the model with these layers, counted from 0, of another one of the same shape.

    As in Bandarkar et al., *Layer Swapping for Zero-Shot Cross-Lingual Transfer* (ICLR 2025). What
    is outside the layers stays the model's own.
    """
    weights = [*model.parameters(), *model.buffers()]
    patched = copy.deepcopy(model, {id(weight): weight for weight in weights})
    mine, theirs = decoder_layers(patched), decoder_layers(other)
    for k in layers:
        mine[k] = theirs[k]
    return patched


def language_vector(own: Vector, english: Vector) -> NDArray[np.float32]:
    """Return what states [N, D] of a language have more than the English ones, on average [D].

    As the steering vectors of Panickssery et al., *Steering Llama 2 via Contrastive Activation
    Addition* (ACL 2024): a difference of means.
    """
    means = [np.mean(states, axis=0, dtype=np.float64) for states in (own, english)]
    return np.asarray(means[0] - means[1], np.float32)


@contextmanager
def steered(model: Any, vector: Vector, layer: int, strength: float) -> Iterator[Any]:
    """Yield the model with a multiple of a vector [D] added to what a layer, from 0, leaves."""
    added = strength * torch.from_numpy(np.asarray(vector, np.float32)).to(model.device)

    def add(_module: Any, _inputs: Any, output: Any) -> Any:
        if isinstance(output, Tensor):
            return output + added.to(output.dtype)
        return (output[0] + added.to(output[0].dtype), *output[1:])

    handle = decoder_layers(model)[layer].register_forward_hook(add)
    try:
        yield model
    finally:
        handle.remove()


class SteeredGenerator:
    """Answers from local weights, each language under its own vector."""

    def __init__(
        self,
        generator: LocalGenerator,
        vectors: Mapping[str, Vector],
        layer: int,
        strength: float,
    ) -> None:
        self.generator, self.vectors = generator, vectors
        self.layer, self.strength = layer, strength

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return batches of one language each."""
        places: dict[str, list[int]] = {}
        for i, prompt in enumerate(prompts):
            places.setdefault(prompt.language, []).append(i)
        return [
            [own[i] for i in part]
            for own in places.values()
            for part in self.generator.plan([prompts[i] for i in own])
        ]

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = lambda: None
    ) -> list[Answer]:
        """Return the answers; a language without a vector is not steered."""
        vector = self.vectors.get(prompts[0].language)
        if vector is None:
            return self.generator.generate(prompts, batch, tick)
        with steered(self.generator.model, vector, self.layer, self.strength):
            return self.generator.generate(prompts, batch, tick)
