"""Jobs for a batch of the tiny model, and what the offline decoder makes of the same prompts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from pinchtune.config import GenerateConfig, ModelConfig
from pinchtune.model.decode import Decoder, make_picker
from pinchtune.model.load import load_model, load_tokenizer
from pinchtune.serving.batch import Batch
from pinchtune.serving.jobs import Job, Piece
from pinchtune.serving.writing import Writing

ENDS = list(range(1, 259, 15))
"""Many end tokens, so that the answers of a random model end at different steps."""


class Tiny:
    """The tiny model with its tokenizer."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.config = GenerateConfig(**settings)
        self.model = load_model(ModelConfig(base=str(folder), dtype="float32", device="cpu"))
        self.tokenizer = load_tokenizer(str(folder))
        self.picker = make_picker(self.model, self.config)

    def decoder(self, slots: int = 4) -> Decoder:
        return Decoder(self.model, self.picker, ENDS, slots)

    def batch(self, slots: int = 4) -> Batch:
        return Batch(self.decoder(slots), slots)

    def offline(self, prompts: list[list[int]], limit: int) -> list[list[int]]:
        return self.decoder().decode(prompts, limit)

    def text(self, ids: list[int]) -> str:
        ids = ids[:-1] if ids and ids[-1] in ENDS else ids
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).strip()

    def job(self, ids: list[int], limit: int, **more: Any) -> tuple[Job, list[Piece]]:
        pieces: list[Piece] = []
        writing = Writing(self.tokenizer, more.pop("stops", ()))
        return Job(ids, limit, writing, pieces.append, **more), pieces


def make_prompts(count: int, longest: int = 40, seed: int = 0) -> list[list[int]]:
    rng = random.Random(seed)
    return [[2, *rng.choices(range(3, 259), k=rng.randrange(0, longest))] for _ in range(count)]


def said(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def run(batch: Batch, most: int = 1000) -> None:
    for _ in range(most):
        if not batch.busy:
            return
        batch.step()
    raise AssertionError("the batch does not come to an end")
