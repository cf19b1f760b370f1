"""Scores of arms that nobody tuned: a pinch helps, English pays a little, seeds differ."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

from pinchtune.evaluation.confusion import WORD_LANGUAGES
from pinchtune.evaluation.measures import Score
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.scores import pack

PROMPTS = 16


def chance(arm: Arm, code: str) -> float:
    """Return how likely an answer in the right language is."""
    if code == "en":
        return 0.97 - 0.02 * math.log10(1 + (arm.dose or 0))
    if arm.untuned:
        return 0.75
    gain = 0.3 * min(1.0, math.log10(1 + (arm.dose or 0)) / 2)
    own = 0.05 * (code in arm.languages) + 0.02 * len(arm.languages)
    heat = 0.1 * arm.config.generate.temperature
    return min(0.99, 0.6 + gain + own - heat + 0.02 * (arm.seed - 1))


def make_up(arm: Arm, prompts: int = PROMPTS) -> dict:
    """Return a score file of an arm."""
    rows, columns = [], {name: [] for name in NAMES}
    rng = random.Random(arm.id)
    for code in arm.config.languages.evaluated:
        for n in range(prompts):
            rows.append([f"{code}-{n:03}", code, f"prompt-{n}"])
            likely = chance(arm, code)
            right = 100.0 * (rng.random() < likely + 0.1 * math.sin(n))
            columns["right_language"].append(Score(right))
            columns["lcb_line_pass_rate"].append(Score(right) if n % 5 else None)
            word = code in WORD_LANGUAGES and right
            columns["lcb_word_pass_rate"].append(
                Score(100.0 * (rng.random() < 0.6 + 0.3 * likely)) if word else None
            )
            columns["chrf"].append(Score(round(rng.gauss(20 + 15 * likely, 6), 3)))
            bits = 60 + len(code) * 10 + sum(map(ord, code)) % 40 - 5 * likely
            columns["bits_per_byte"].append(Score(round(bits, 3), 50.0))
            columns["stopped"].append(Score(100.0 * (rng.random() < 0.8)))
    order = sorted(range(len(rows)), key=lambda i: rows[i][0])
    measures = {name: pack([column[i] for i in order]) for name, column in columns.items()}
    return {"key": "made up", "prompts": [rows[i] for i in order], "measures": measures}


NAMES = (
    "right_language",
    "lcb_line_pass_rate",
    "lcb_word_pass_rate",
    "chrf",
    "bits_per_byte",
    "stopped",
)


def write_scores(arms: Sequence[Arm], folder: Path, prompts: int = PROMPTS) -> None:
    """Write a score file for each arm."""
    folder.mkdir(parents=True, exist_ok=True)
    for arm in arms:
        (folder / f"{arm.id}.json").write_text(json.dumps(make_up(arm, prompts)), "utf-8")
