"""A project that has its answers already, so that a judge can be asked at once."""

from __future__ import annotations

import json
from pathlib import Path

import pinchtune
from pinchtune.data.mix import ARMS
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.records import Answer

WORDS = {"en": "It is number {}.", "es": "Es el número {}.", "ja": "{}番です。", "ar": "هو رقم {}."}
SETTINGS = ("judge.kind=llm", "judge.model=big-1", "judge.input_price=100", "evaluate.resamples=20")


def write_answered(folder: Path, prompts: int = 4, languages: str = "en es ja ar") -> Path:
    """Write a project in which every other prompt has a reference, and the pinch answers longer."""
    folder.mkdir(parents=True)
    codes = languages.split()
    quoted = [f'"{code}"' for code in codes[1:]]
    (folder / "pinch.toml").write_text(
        f"[languages]\ntuned = [{', '.join(quoted[:-1])}]\nunseen = [{quoted[-1]}]\n", "utf-8"
    )
    rows = [
        {
            "language": code,
            "instruction": f"{n}?",
            "response": WORDS[code].format(n) if n % 2 else None,
            "parallel_id": f"p{n}",
        }
        for n in range(prompts)
        for code in codes
    ]
    (folder / "data").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "data/evaluation.jsonl").write_text(text, "utf-8")
    project = pinchtune.Project.open(folder)
    for k, arm in enumerate(ARMS):
        run = RunFolder(project.path("answers", arm), "made up")
        run.start()
        answers = [
            Answer(p.id, p.language, " ".join([WORDS[p.language].format(p.instruction)] * (k + 1)),
                   True, 9)
            for p in project.evaluation_prompts()
        ]  # fmt: skip
        write_jsonl(run.path / "answers.jsonl", (a.to_row() for a in answers))
        run.finish({})
    return folder


def open_answered(folder: Path, address: str, *more: str) -> pinchtune.Project:
    """Open it with a judge at `address`."""
    return pinchtune.Project.open(folder, [*SETTINGS, f"judge.endpoint={address}", *more])
