"""pinch preview: one example as the model sees it, with its targets marked."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.data.formats import read_examples
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.stages.project import Project, finished


class Piece(NamedTuple):
    """A run of tokens that are all targets, or all not."""

    text: str
    is_target: bool
    tokens: int


def preview(project: Project, arm: str = "pinch", row: int | None = None) -> list[Piece]:
    """Return a row of an arm's mixture in pieces; by default its first pinch example."""
    from pinchtune.model.chat import encode_example

    if arm not in ARMS:
        raise UsageError(f"unknown arm {arm!r}; use one of: {', '.join(ARMS)}")
    finished(project.path("mixture"), "mix")
    rows = [r.example for r in read_examples(project.path("mixture", f"{arm}.jsonl"))]
    if row is None:
        row = next((i for i, e in enumerate(rows, 1) if e.language != ENGLISH), 1)
    if not 1 <= row <= len(rows):
        raise UsageError(f"--row {row}: the mixture has rows 1 to {len(rows)}")
    tokenizer = project.tokenizer
    encoded = encode_example(tokenizer, rows[row - 1], project.config.train.max_length)
    pieces: list[Piece] = []
    start = 0
    for i in range(1, len(encoded.ids) + 1):
        if i == len(encoded.ids) or encoded.targets[i] != encoded.targets[start]:
            text = tokenizer.decode(encoded.ids[start:i], skip_special_tokens=False)
            pieces.append(Piece(str(text), encoded.targets[start], i - start))
            start = i
    return pieces
