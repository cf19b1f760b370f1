"""A model in a folder is asked a few prompts, and what it says is compared with what it said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH, LanguagesConfig, ModelConfig
from pinchtune.errors import UsageError
from pinchtune.files import read_jsonl
from pinchtune.model.chat import encode_prompt
from pinchtune.records import Example
from pinchtune.releasing.probes import (
    Comparison,
    Probe,
    Tolerance,
    choose_prompts,
    compare,
    first_difference,
)

TOKENS = 32
"""Longest answer of a probe: enough to tell models apart, quick on a CPU."""
LONGEST = 1024
"""Longest reference, in tokens, whose cost is compared."""


class Loaded(NamedTuple):
    """Weights and tokenizer, ready to answer."""

    model: Any
    tokenizer: Any


def load_folder(folder: Path, config: ModelConfig) -> Loaded:
    """Return the arm or the model in a folder, computed as the project says."""
    from transformers.utils import logging

    from pinchtune.model.load import load_arm, load_tokenizer

    logging.disable_progress_bar()
    return Loaded(load_arm(folder, config), load_tokenizer(str(folder)))


def smoke_prompts(prompts: Sequence[Example], languages: LanguagesConfig) -> list[Example]:
    """Return a dozen prompts in English, tuned and unseen languages."""
    chosen = choose_prompts(prompts, ((ENGLISH,), languages.tuned, languages.unseen))
    if not chosen:
        raise UsageError("data.evaluation: has no prompts; add some")
    return chosen


def probe(loaded: Loaded, prompts: Sequence[Example], tokens: int = TOKENS) -> list[Probe]:
    """Return what a model says to each prompt."""
    from pinchtune.model.probe import answer_greedily
    from pinchtune.model.score import score_references

    model, tokenizer = loaded
    answers = answer_greedily(model, tokenizer, prompts, tokens)
    costs = {b.prompt_id: b for part in score_references(*loaded, prompts, LONGEST) for b in part}
    return [
        Probe(
            prompt.to_row(),
            tuple(encode_prompt(tokenizer, prompt)),
            tuple(ids),
            str(tokenizer.decode(ids, skip_special_tokens=True)).strip(),
            costs[prompt.id].bits if prompt.id in costs else 0.0,
            costs[prompt.id].size if prompt.id in costs else 0,
        )
        for prompt, ids in zip(prompts, answers, strict=True)
    ]


def compare_again(loaded: Loaded, before: Sequence[Probe], tolerance: Tolerance) -> Comparison:
    """Ask a model the prompts of `before` again, and compare."""
    after = probe(loaded, [example_of(p) for p in before], TOKENS)
    gaps = {}
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        place = first_difference(old.ids, new.ids)
        if place is not None:
            gaps[i] = _gap(loaded, new, place, old.ids[place])
    return compare(before, after, gaps, tolerance)


def _gap(loaded: Loaded, new: Probe, place: int, old_token: int) -> float:
    from pinchtune.model.probe import token_gap

    before = (*new.prompt_ids, *new.ids[:place])
    return token_gap(loaded.model, before, new.ids[place], old_token)


def example_of(stored: Probe) -> Example:
    """Return the prompt of a stored probe."""
    row = {key: value for key, value in stored.prompt.items() if key in _FIELDS}
    turns = tuple((str(user), str(reply)) for user, reply in row.pop("history", ()))
    return Example(**row, history=turns)


_FIELDS = ("language", "instruction", "response", "input", "system", "history")


def read_probes(path: Path) -> list[Probe]:
    """Return the stored probes of a file."""
    return [Probe.of(row) for _, row in read_jsonl(path)]
