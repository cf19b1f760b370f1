"""A toy project in five languages and a recipe that needs every shape of figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pinchtune.experiments.run import run_experiments
from pinchtune.stages.project import Project

ROWS = {
    "en": ("Say what colour number {} is.", "The colour of number {} is blue."),
    "es": ("Di de qué color es el número {}.", "El número {} es de color azul."),
    "ja": ("{}番は何色ですか。", "{}番は青い色です。"),
    "ar": ("ما لون الرقم {}؟", "لون الرقم {} أزرق."),
    "fi": ("Kerro, minkä värinen numero {} on.", "Numero {} on sininen."),
}
CONFIG = """\
[model]
base = "{model}"
dtype = "float32"
[languages]
tuned = ["es", "ja", "ar"]
unseen = ["fi"]
[mix]
budget = 6
[train]
rank = 2
batch_size = 4
checkpoint_every = 1
validate_every = 0
[generate]
max_new_tokens = 4
[evaluate]
references = 2
"""
RECIPE = """\
name = "toy"
title = { en = "Every shape <of> figure", ja = "すべての図" }
limits = ["A tiny random model knows nothing."]
figures = [
    { kind = "confusion" },
    { kind = "dose", only = { languages = ["es", "ja", "ar"], temperature = 0.0 } },
    { kind = "forest", measure = "win_rate" },
    { kind = "gain", measure = "bits_per_byte" },
    { kind = "languages" },
    { kind = "pairs", measure = "bits_per_byte" },
    { kind = "pareto", measure = "bits_per_byte" },
    { kind = "pinch", only = { languages = ["es", "ja", "ar"], temperature = 0.0, mode = "add" } },
    { kind = "seen_unseen", measure = "chrf", only = { dose = 2, temperature = 0.0 } },
    { kind = "share" },
    { kind = "similarity", measure = "chrf" },
    { kind = "temperature" },
    { kind = "transfer", measure = "chrf" },
]

[[arms]]
untuned = true
temperature = [0.0, 0.7]

[[arms]]
dose = [0, 2]
mode = ["replace", "add"]
seed = [0, 1]

[[arms]]
dose = [0, 2]
temperature = 0.7

[[arms]]
languages = "each"
percent = 100

[[arms]]
languages = "pairs"
percent = 100

[[arms]]
count = [1, 2]
order = 0
percent = 100
"""


def write_rows(path: Path, first: int, last: int, codes: str) -> None:
    rows = [
        {
            "language": code,
            "instruction": ROWS[code][0].format(n),
            "response": ROWS[code][1].format(n),
            "parallel_id": f"{path.stem}-{n}",
        }
        for code in codes.split()
        for n in range(first, last)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")


@pytest.fixture(scope="session")
def write_toy(tiny_model: Path) -> Callable[[Path], Path]:
    """Write the toy project into a folder."""

    def write(folder: Path) -> Path:
        write_rows(folder / "data/base.jsonl", 0, 10, "en")
        write_rows(folder / "data/pinch.jsonl", 30, 36, "es ja ar")
        write_rows(folder / "data/evaluation.jsonl", 50, 52, "en es ja ar fi")
        (folder / "pinch.toml").write_text(CONFIG.format(model=tiny_model), "utf-8")
        (folder / "toy.toml").write_text(RECIPE, "utf-8")
        return folder

    return write


@pytest.fixture
def toy(tmp_path: Path, write_toy: Callable[[Path], Path]) -> Project:
    """The toy project, in a folder of this test."""
    return Project.open(write_toy(tmp_path / "toy"))


@pytest.fixture(scope="session")
def finished_toy(
    tmp_path_factory: pytest.TempPathFactory, write_toy: Callable[[Path], Path]
) -> Project:
    """The toy project after its whole recipe; nobody may change it."""
    project = Project.open(write_toy(tmp_path_factory.mktemp("finished") / "toy"))
    found = run_experiments(project, [str(project.folder / "toy.toml")])
    assert found["failed"] == [] and found["left"] == 0
    return project
