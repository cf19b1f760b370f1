"""Scores of many arms, and the table of docs/results/selection.md from them.

`python -m bench.arms_score score FOLDER SCORES.json --data D` judges the answers that bench.arms
left in FOLDER/done; `python -m bench.arms_score table SCORES.json` prints the table again from the
stored scores, without answers or data.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinchtune.data.formats import read_examples
from pinchtune.evaluation.fidelity import right_language
from pinchtune.evaluation.judge import ReferenceJudge, judge_pair
from pinchtune.files import read_json, write_text
from pinchtune.languages import Identifier
from pinchtune.records import Example

RESAMPLES = 4000
RIGHT = "right"
Json = dict[str, Any]


def score(folder: Path, data: Path) -> Json:
    """Return {prompts, arms}: for each arm and prompt the right language, bits, and win."""
    examples = {e.id: e for e in (r.example for r in read_examples(data / "evaluation.jsonl"))}
    done = {p.stem: read_json(p) for p in sorted((folder / "done").glob("*.json"))}
    ids = sorted(examples)
    identifier = Identifier(sorted({e.language for e in examples.values()}))
    english = {
        found["arm"]["seed"]: _texts(found)
        for name, found in done.items()
        if name.startswith("english")
    }
    judge = ReferenceJudge(sorted({e.language for e in examples.values()}))
    prompts = [
        {"id": i, "language": examples[i].language, "cluster": examples[i].parallel_id or i}
        for i in ids
    ]
    arms = {
        name: _score_arm(found, ids, examples, identifier, judge, english)
        for name, found in done.items()
    }
    return {"prompts": prompts, "arms": arms}


def _texts(found: Json) -> dict[str, str]:
    return {a["prompt_id"]: a["text"] for a in found["answers"]}


def _score_arm(
    found: Json,
    ids: Sequence[str],
    examples: dict[str, Example],
    identifier: Identifier,
    judge: ReferenceJudge,
    english: dict[int, dict[str, str]],
) -> Json:
    texts = _texts(found)
    bits = {b["prompt_id"]: b["bits"] / b["bytes"] for b in found["bits"]}
    against = english.get(found["arm"]["seed"])
    right = [int(right_language(identifier, texts[i], examples[i].language) > 0.5) for i in ids]
    wins = [
        judge_pair(judge, examples[i], against[i], texts[i]).score
        if against and examples[i].response
        else None
        for i in ids
    ]
    about = {k: v for k, v in found["arm"].items() if k != "pinch"}
    return {
        **about,
        "dose": len(found["arm"]["pinch"]),
        "loss": round(float(np.mean(found["losses"][-20:])), 4),
        "right": "".join(map(str, right)),
        "bits": [round(bits[i], 4) if i in bits else None for i in ids],
        "wins": wins,
    }


def _groups(scores: Json, tuned: Sequence[str], clusters: str = "") -> dict[str, NDArray[np.int64]]:
    """Return the rows of each group of languages, of prompts whose cluster begins so."""
    languages = np.array([p["language"] for p in scores["prompts"]])
    kept = np.array([p["cluster"].startswith(clusters) for p in scores["prompts"]])
    seen = np.isin(languages, list(tuned))
    return {
        "English": np.flatnonzero(kept & (languages == "en")),
        "tuned": np.flatnonzero(kept & seen),
        "unseen": np.flatnonzero(kept & ~seen & (languages != "en")),
    }


def _values(arm: Json, measure: str = RIGHT) -> NDArray[np.float64]:
    """Return a value for each prompt, in percent or bits per byte; NaN without a reference."""
    if measure == RIGHT:
        return 100 * np.array([float(c) for c in arm["right"]])
    return np.array([math.nan if b is None else b for b in arm["bits"]])


def _known(scores: Json, rows: NDArray[np.int64], measure: str) -> NDArray[np.int64]:
    """Return the rows that every arm has a value for: references are the same for all."""
    first = next(iter(scores["arms"].values()))
    return rows[~np.isnan(_values(first, measure)[rows])]


def _win_rate(arm: Json, rows: NDArray[np.int64]) -> str:
    """Return the mean score against the English arm of the same seed, in percent."""
    wins = [arm["wins"][i] for i in rows if arm["wins"][i] is not None]
    return f"{100 * float(np.mean(wins)):.1f}" if wins else "–"


def difference(
    scores: Json,
    first: Sequence[str],
    second: Sequence[str],
    rows: NDArray[np.int64],
    measure: str = RIGHT,
) -> tuple[float, float, float]:
    """Return second minus first, with a 95 % interval over prompts and arms."""
    rng = np.random.default_rng(0)
    clusters = np.array([p["cluster"] for p in scores["prompts"]])[rows]
    names, index = np.unique(clusters, return_inverse=True)
    tables = [
        np.array([_values(scores["arms"][a], measure)[rows] for a in arms])
        for arms in (first, second)
    ]
    mean = float(tables[1].mean() - tables[0].mean())
    draws = []
    for _ in range(RESAMPLES):
        weight = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[index]
        picked = [t[rng.integers(0, len(t), len(t))] @ weight / weight.sum() for t in tables]
        draws.append(picked[1].mean() - picked[0].mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    return mean, float(low), float(high)


def table(
    scores: Json,
    tuned: Sequence[str] = ("es", "ja", "ru", "zh"),
    clusters: str = "",
    measure: str = RIGHT,
) -> str:
    """Return the tables as Markdown, of prompts whose cluster begins so."""
    groups = {
        name: _known(scores, rows, measure)
        for name, rows in _groups(scores, tuned, clusters).items()
    }
    digits = 1 if measure == RIGHT else 4
    head = ("arm", *groups, *(f"{name}: wins" for name in groups))
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for name, arm in scores["arms"].items():
        cells = [
            f"{_values(arm, measure)[rows].mean():.{digits}f}" if len(rows) else "–"
            for rows in groups.values()
        ]
        cells += [_win_rate(arm, rows) for rows in groups.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    ways: dict[str, list[str]] = {}
    for name, arm in scores["arms"].items():
        if name.startswith(("sel-", "english")):
            ways.setdefault(arm.get("selector", "english"), []).append(name)
    lines += ["", "| against random draws | arms | English | tuned | unseen |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for way, names in ways.items():
        if way != "random":
            cells = [
                _write(difference(scores, ways["random"], names, rows, measure), digits)
                if len(rows)
                else "–"
                for rows in groups.values()
            ]
            lines.append(f"| {way} | {len(names)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _write(found: tuple[float, float, float], digits: int) -> str:
    mean, low, high = found
    return f"{mean:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main() -> int:
    """Score, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["score", "table"])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tuned", default="es,ja,ru,zh", help="languages of the pinch")
    parser.add_argument("--clusters", default="", help="only prompts whose cluster begins so")
    parser.add_argument("--measure", default=RIGHT, choices=[RIGHT, "bits"])
    options = parser.parse_args()
    if options.verb == "table":
        scores, tuned = read_json(options.places[0]), options.tuned.split(",")
        print(table(scores, tuned, options.clusters, options.measure))
        return 0
    folder, target = options.places
    write_text(target, json.dumps(score(folder, options.data), separators=(",", ":")) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
