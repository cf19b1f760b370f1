"""What is written down of every step: a line of metrics.jsonl, numbers for a tracker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pinchtune.files import append_line, cut_lines


class Metrics:
    """metrics.jsonl: one line a step, cut back to the checkpoint when a run is resumed."""

    def __init__(self, path: Path, done: int) -> None:
        cut_lines(path, done)
        self.path = path

    def write(self, step: int, facts: dict[str, Any]) -> None:
        """Append one step."""
        append_line(self.path, json.dumps({"step": step + 1, **facts}, ensure_ascii=False))


def flatten(facts: dict[str, Any]) -> dict[str, float]:
    """Return nested facts as `name/language` numbers, as trackers want them."""
    flat: dict[str, float] = {}
    for key, value in facts.items():
        flat |= (
            {f"{key}/{k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
        )
    return flat
