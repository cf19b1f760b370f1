"""Fixtures of the whole suite: an own cache folder, no network, a tiny model, a small project."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from throwaway import databases as databases
from throwaway import new_database as new_database
from throwaway import postgres as postgres

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# A shared machine is slow now and then; no test is about time.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pinchtune.model.tiny import make_tiny_model

    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


ROWS = {
    "en": ("Say what colour number {} is.", "The colour of number {} is blue."),
    "es": ("Di de qué color es el número {}.", "El número {} es de color azul."),
    "ja": ("{}番は何色ですか。", "{}番は青い色です。"),
    "ar": ("ما لون الرقم {}؟", "لون الرقم {} أزرق."),
}


def make_rows(language: str, first: int, last: int, prefix: str) -> list[dict[str, str]]:
    ask, answer = ROWS[language]
    return [
        {
            "language": language,
            "instruction": ask.format(n),
            "response": answer.format(n),
            "parallel_id": f"{prefix}-{n}",
        }
        for n in range(first, last)
    ]


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def write_project(tiny_model: Path) -> Callable[..., Path]:
    """Write a project of 24 English rows, a pool of 6 in es and ja, 2 prompts a language."""

    def write(folder: Path, extra: str = "") -> Path:
        write_rows(folder / "data/base.jsonl", make_rows("en", 0, 24, "base"))
        pool = [r for code in ("es", "ja") for r in make_rows(code, 30, 36, "pinch")]
        write_rows(folder / "data/pinch.jsonl", pool)
        prompts = [r for code in ROWS for r in make_rows(code, 50, 52, "eval")]
        write_rows(folder / "data/evaluation.jsonl", prompts)
        (folder / "pinch.toml").write_text(
            f'name = "{folder.name}"\n[model]\nbase = "{tiny_model}"\ndtype = "float32"\n'
            '[languages]\ntuned = ["es", "ja"]\nunseen = ["ar"]\n[mix]\ndose = 4\n'
            "[train]\nrank = 2\nbatch_size = 4\ndevice_batch_size = 2\ncheckpoint_every = 2\n"
            "validate_every = 2\n[generate]\nmax_new_tokens = 4\nbatch_size = 3\n"
            f"[evaluate]\nresamples = 50\n{extra}",
            "utf-8",
        )
        return folder

    return write


@pytest.fixture
def make_project(tmp_path: Path, write_project: Callable[..., Path]) -> Callable[..., Path]:
    """Make a small project in the folder of this test."""

    def make(name: str = "project", extra: str = "") -> Path:
        return write_project(tmp_path / name, extra)

    return make
