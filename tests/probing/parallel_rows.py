"""Parallel sentences in four languages, and a project of two seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train

ROWS = {
    "en": ("Where is room {}?", "Room {} is on the left."),
    "es": ("¿Dónde está la sala {}?", "La sala {} está a la izquierda."),
    "ja": ("{}号室はどこですか。", "{}号室は左側です。"),
    "ar": ("أين الغرفة {}؟", "الغرفة {} على اليسار."),
}


def make_parallel(codes: Iterable[str], first: int, last: int) -> list[dict[str, str]]:
    """Return rooms `first` to `last` in some languages; a room has one parallel id."""
    return [
        {
            "language": code,
            "instruction": ROWS[code][0].format(n),
            "response": ROWS[code][1].format(n),
            "parallel_id": f"room-{n}",
        }
        for code in codes
        for n in range(first, last)
    ]


def write_parallel(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def tune_seeds(project: Project) -> Project:
    """Return the project with a second seed, whose arms are tuned too."""
    two = Project.open(project.folder, ["train.seeds=2"])
    mix(two)
    train(two)
    return two
