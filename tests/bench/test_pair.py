"""Two runs are compared prompt by prompt."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bench.pair import ARMS, compare
from pinchtune.files import write_jsonl
from pinchtune.stages.project import Project

SAID = {
    "en": "The parcel will come to your house on Monday morning.",
    "es": "El paquete llegará a su casa el lunes por la mañana.",
    "ja": "荷物は月曜日の朝にご自宅へ届きます。",
}


def answer_all(folder: Path, say: dict[str, str], score: float) -> None:
    """Write what a run leaves, each prompt answered with the text of its language."""
    project = Project.open(folder)
    examples = list(project.examples("evaluation"))
    for arm in ARMS:
        rows = [{"prompt_id": e.id, "text": say.get(e.language, "–")} for e in examples]
        bits = [{"prompt_id": e.id, "bits": 100 * (1 + score), "bytes": 100} for e in examples]
        write_jsonl(project.path("answers", arm, "answers.jsonl"), rows)
        write_jsonl(project.path("answers", arm, "bits.jsonl"), bits)
    verdicts = [{"prompt_id": e.id, "score": score} for e in examples]
    write_jsonl(project.path("evaluation", "verdicts.jsonl"), verdicts)


def values(lines: list[str], label: str) -> list[float]:
    (line,) = [line for line in lines if line.startswith(f"| {label}")]
    return [float(cell) for cell in re.findall(r"\| ([+-][\d.]+) \[", line)]


def test_now_minus_before_has_its_sign(make_project, tmp_path):
    now = make_project()
    before = tmp_path / "before"
    shutil.copytree(now, before)
    answer_all(now, SAID, 1.0)
    answer_all(before, {**SAID, "es": SAID["en"]}, 0.5)
    lines = compare(before, now)
    english, tuned, _ = values(lines, "right language, pinch arm")
    assert english == 0 and 0 < tuned <= 100
    assert values(lines, "win rate")[:2] == [50, 50]
    assert values(lines, "bits per byte, english arm")[:2] == [0.5, 0.5]
    assert values(compare(now, before), "right language, pinch arm")[1] == -tuned
    assert not any(values(compare(now, now), "right language, english arm"))
