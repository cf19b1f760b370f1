"""One measure of one arm, kept in a folder of its own: what was measured is not measured again.

states     mean states of every parallel text in every layer, [L, N, D] a language
lens       what each layer would begin the answer with, [L, N, 4] a language
neurons    how often each neuron was active, [K, L, W] in K languages
weights    how far the weights of each layer moved, against each arm before it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.config import ModelConfig
from pinchtune.data.mix import hash_examples
from pinchtune.files import RunFolder, atomic_write, read_json, write_json
from pinchtune.model.alignment import all_mean_states
from pinchtune.model.chat import encode_prompt
from pinchtune.probing.arms import Arm
from pinchtune.probing.lens import Vocabulary, group_tokens, measure_shares
from pinchtune.probing.neurons import count_active
from pinchtune.probing.texts import Texts
from pinchtune.progress import Task
from pinchtune.records import Example
from pinchtune.stages.facts import LONGEST, Unit
from pinchtune.stages.generate import load_weights
from pinchtune.stages.project import BASE_ARM, stage_key, versions

READ = ("states", "lens", "neurons")
"""Measures that read texts with the model."""
WEIGHTS = "weights"
FOLDER = "probe"
Arrays = dict[str, NDArray[Any]]


def unit_name(unit: Unit) -> str:
    """Return the name of a unit among the arrays of a part."""
    return f"{unit.source}-{unit.code}"


class Loaded:
    """An arm whose weights are loaded when they are first needed."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    @cached_property
    def pair(self) -> tuple[Any, Any]:
        """Model and tokenizer."""
        from pinchtune.model.packed import pack_layers

        model, tokenizer = load_weights(self.arm.project, self.arm.arm)
        if self.arm.project.config.model.kernels == "auto":
            pack_layers(model)
        return model, tokenizer

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of the model as text."""
        model, tokenizer = self.pair
        return Vocabulary(tokenizer, len(model.get_output_embeddings().weight))


def part_run(arm: Arm, measure: str, inputs: Mapping[str, Any]) -> RunFolder:
    """Return the folder that a measure of an arm is kept in, complete or not."""
    facts = {
        "weights": arm.weights,
        "model": arm.project.config.model.model_dump(mode="json"),
        **inputs,
    }
    path = (arm.project.first or arm.project).path(FOLDER, "measured", arm.name, measure)
    return RunFolder(path, stage_key(f"probe {measure}", facts))


def read_run(arm: Arm, measure: str, texts: Texts) -> RunFolder:
    """Return the folder of a measure that reads texts."""
    hashes = {unit.file: hash_examples(list(unit.rows.values())) for unit in texts.units}
    return part_run(arm, measure, {"texts": hashes})


def count_texts(measure: str, texts: Texts) -> int:
    """Return how many texts a measure reads."""
    units = [p.unit for p in texts.pairs()] if measure == "lens" else texts.units
    return sum(len(unit.rows) for unit in units)


def measure_texts(arm: Arm, texts: Texts, task: Task) -> None:
    """Let an arm read the texts, as far as that has not been done."""
    loaded = Loaded(arm)
    measures = dict(zip(READ, (_states, _lens, _neurons), strict=True))
    for name, measure in measures.items():
        run = read_run(arm, name, texts)
        if run.complete():
            task.advance(count_texts(name, texts))
            continue
        # Loaded first: what is wrong with the model shows before the folder is touched.
        _ = loaded.pair
        run.start()
        arrays = measure(loaded, texts, task)
        with atomic_write(run.path / "arrays.npz", "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        run.finish({"arm": arm.name, "versions": versions()})


def read_arrays(run: RunFolder) -> Arrays:
    """Return the arrays of a finished part."""
    with np.load(run.path / "arrays.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _states(loaded: Loaded, texts: Texts, task: Task) -> Arrays:
    found: Arrays = {}
    for unit in texts.units:
        prompts = [e.prompt for e in unit.rows.values()]
        found[unit_name(unit)] = all_mean_states(*loaded.pair, prompts, LONGEST)
        task.advance(len(prompts), f"states, {unit.code}")
    return found


def _lens(loaded: Loaded, texts: Texts, task: Task) -> Arrays:
    model, tokenizer = loaded.pair
    found: Arrays = {}
    for pairs in texts.pairs():
        own, english = ([_whole(e) for e in u.rows.values()] for u in (pairs.unit, pairs.english))
        groups = group_tokens(loaded.vocabulary, pairs.unit.code, own, english)
        prompts = [encode_prompt(tokenizer, e) for e in pairs.unit.rows.values()]
        shares = measure_shares(model, prompts, tokenizer.pad_token_id, groups)
        found[unit_name(pairs.unit)] = shares
        task.advance(len(prompts), f"lens, {pairs.unit.code}")
    return found


def _neurons(loaded: Loaded, texts: Texts, task: Task) -> Arrays:
    counts, codes = [], []
    for unit in texts.units:
        counted = count_active(*loaded.pair, [_whole(e) for e in unit.rows.values()], LONGEST)
        task.advance(len(unit.rows), f"neurons, {unit.code}")
        if unit.code not in codes:
            codes.append(unit.code)
            counts.append(counted)
    return {
        "codes": np.array(codes),
        "active": np.stack([c.active for c in counts]),
        "tokens": np.array([c.tokens for c in counts]),
    }


def _whole(example: Example) -> str:
    return f"{example.prompt}\n{example.response}"


class Weights(NamedTuple):
    """How the weights of an arm moved, by the name of the arm that they are compared with."""

    run: RunFolder
    before: list[Arm]


def weights_part(arm: Arm, before: Sequence[Arm]) -> Weights:
    """Return the folder of an arm's weights against others."""
    others = {other.name: other.weights for other in before}
    return Weights(part_run(arm, WEIGHTS, {"before": others}), list(before))


def measure_weights(arm: Arm, part: Weights, task: Task) -> None:
    """Compare an arm's weights with those of the arms before it, two models at a time."""
    if part.run.complete():
        task.advance(len(part.before))
        return
    from pinchtune.probing.movement import measure_movement

    after = _load_exactly(arm)
    part.run.start()
    found = {}
    for other in part.before:
        found[other.name] = measure_movement(_load_exactly(other), after)._asdict()
        task.advance(1, f"{arm.name} against {other.name}")
    write_json(part.run.path / "moved.json", found)
    part.run.finish({"arm": arm.name})


def read_weights(run: RunFolder) -> dict[str, Any]:
    """Return how far the weights of an arm moved against each arm before it."""
    found: dict[str, Any] = read_json(run.path / "moved.json")
    return found


def _load_exactly(arm: Arm) -> Any:
    """Return an arm in float32: in bfloat16 the rounding is as large as what a layer moves."""
    from transformers.utils import logging

    from pinchtune.model.load import load_arm, load_model

    logging.disable_progress_bar()
    exact = {"dtype": "float32", "device": "cpu", "kernels": "plain"}
    config: ModelConfig = arm.project.config.model.model_copy(update=exact)
    if arm.arm == BASE_ARM:
        return load_model(config)
    return load_arm(arm.project.path("arms", arm.arm), config)
