"""A project whose stages can be climbed at once: answers are made up, nothing is tuned."""

from __future__ import annotations

from pathlib import Path

import pinchtune
from answered import WORDS
from pinchtune.data.mix import ARMS
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.records import Answer

CODES = ("es", "ja", "ar")


def write_ladder_project(folder: Path) -> Path:
    """Write a project of English and three languages, 24 prompts each, a stage for one of them."""
    folder.mkdir(exist_ok=True)
    (folder / "pinch.toml").write_text(
        '[languages]\ntuned = ["es", "ja"]\nunseen = ["ar"]\n[ladder]\nlanguages = [1, 2, 0]\n',
        "utf-8",
    )
    rows = [
        {
            "language": code,
            "instruction": f"{code} {n}?",
            "response": WORDS[code].format(n),
            "parallel_id": f"p{n}",
        }
        for n in range(24)
        for code in ("en", *CODES)
    ]
    write_jsonl(folder / "data/evaluation.jsonl", rows)
    write_jsonl(folder / "data/base.jsonl", [{**rows[0], "instruction": "Hello?"}])
    write_jsonl(folder / "data/pinch.jsonl", [{**rows[1], "instruction": "Hola?"}])
    return folder


def open_ladder(folder: Path) -> pinchtune.Project:
    return pinchtune.Project.open(folder, ["evaluate.resamples=50"])


def answer(folder: Path, good: str, weak: str = "") -> None:
    """Write answers: the pinch wins in the languages of `good`, loses in `weak`, else a tie."""
    project = open_ladder(folder)
    for arm in ARMS:
        run = RunFolder(project.path("answers", arm), f"made up {good} {weak}")
        run.start()
        rows = []
        for p in project.evaluation_prompts():
            right = good if arm == "pinch" else weak
            text = p.response if p.language in right.split() else "It is a number, and no more."
            rows.append(Answer(p.id, p.language, text or "", True, 9).to_row())
        write_jsonl(run.path / "answers.jsonl", rows)
        run.finish({})
