"""What an arm is tuned with, in the words of no trainer, and the files that all trainers share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.config import TrainConfig
from pinchtune.data.values import load_library
from pinchtune.files import write_jsonl, write_text
from pinchtune.model.chat import Encoded, written_messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pinchtune.records import Example

CONVERSATIONS = "train.jsonl"
"""The rows as conversations."""
TOKENS = "tokens.jsonl"
"""The same rows as token ids and labels."""
TOKENIZER = "tokenizer"
"""Folder of the tokenizer with the chat template."""
ARM = "arm"
"""Folder that the trainer writes."""
IGNORED = -100
"""The label of tokens that the loss does not count, in every trainer."""
BETAS, EPSILON = (0.9, 0.999), 1e-8
"""What AdamW is given here, and by most trainers if they are not told otherwise."""


@dataclass(frozen=True)
class Recipe:
    """How an arm is tuned."""

    base: str
    """Folder of the base model on this machine, or its hub id."""
    train: TrainConfig
    """The settings of the project."""
    dtype: str
    """Number format of the frozen weights."""
    warmup: int
    """Steps of the warm-up."""
    sizes: tuple[int, ...]
    """Examples of each step, over all epochs: as many as a step holds, or one less now and then."""

    @property
    def steps(self) -> int:
        """Optimiser steps."""
        return len(self.sizes)

    @property
    def rows(self) -> int:
        """Rows of the exported file: those of all epochs."""
        return sum(self.sizes)

    @property
    def micro_batch(self) -> int:
        """The most examples in a micro-batch that divide a step without rest."""
        train = self.train
        most = min(train.batch_size, train.device_batch_size)
        return next(n for n in range(most, 0, -1) if train.batch_size % n == 0)

    @property
    def accumulation(self) -> int:
        """Micro-batches of a step on one device."""
        return self.train.batch_size // self.micro_batch

    @property
    def their_steps(self) -> int:
        """Optimiser steps of a trainer that fills every step from one list."""
        return -(-self.rows // self.train.batch_size)

    @property
    def is_lora(self) -> bool:
        """True if an adapter is tuned."""
        return self.train.method == "lora"

    @property
    def alpha(self) -> int:
        """LoRA alpha."""
        return 2 * self.train.rank


class Tuned(NamedTuple):
    """A row as it is tuned on."""

    example: Example
    encoded: Encoded


class Kit(NamedTuple):
    """What a trainer's files are made from."""

    recipe: Recipe
    tokenizer: PreTrainedTokenizerFast
    rows: Sequence[Tuned]
    """In the order of the steps, all epochs one after the other."""


def write_shared(folder: Path, kit: Kit) -> None:
    """Write what every trainer gets: the conversations, the tokens, the tokenizer."""
    write_jsonl(folder / CONVERSATIONS, conversations(kit))
    write_jsonl(folder / TOKENS, token_rows(kit.rows))
    kit.tokenizer.save_pretrained(folder / TOKENIZER)


def conversations(kit: Kit) -> Iterator[dict[str, Any]]:
    """Yield each row as messages with roles, its language and its id."""
    for row in kit.rows:
        messages = [m._asdict() for m in written_messages(kit.tokenizer, row.example)]
        yield {"messages": messages, "language": row.example.language, "id": row.example.id}


def token_rows(rows: Sequence[Tuned]) -> Iterator[dict[str, list[int]]]:
    """Yield each row as trainers take tokens; labels stand on what the loss counts."""
    for _, (ids, targets, _) in rows:
        labels = [token if target else IGNORED for token, target in zip(ids, targets)]
        yield {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}


def write_yaml(path: Path, value: dict[str, Any]) -> None:
    """Write a configuration in the order of its keys."""
    dump = load_library("yaml", "tune").safe_dump
    write_text(path, dump(value, sort_keys=False, allow_unicode=True, width=1000))
