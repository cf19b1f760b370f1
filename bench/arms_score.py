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

from bench.common import write_interval
from pinchtune.data.formats import read_examples
from pinchtune.evaluation.fidelity import right_language
from pinchtune.evaluation.judge import ReferenceJudge, judge_pair
from pinchtune.files import read_json, write_text
from pinchtune.languages import Identifier
from pinchtune.records import Example

RESAMPLES = 4000
RIGHT, WINS, BITS = "right", "wins", "bits"
"""Measures."""
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
        "tokens": round(float(np.mean([a["tokens"] for a in found["answers"]])), 1),
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
    scale = 100.0 if measure == WINS else 1.0
    return np.array([math.nan if v is None else scale * v for v in arm[measure]])


def _known(scores: Json, rows: NDArray[np.int64], measure: str) -> NDArray[np.int64]:
    """Return the rows that every arm has a value for: references are the same for all."""
    first = next(iter(scores["arms"].values()))
    return rows[~np.isnan(_values(first, measure)[rows])]


def difference(
    scores: Json,
    first: Sequence[str],
    second: Sequence[str],
    rows: NDArray[np.int64],
    measure: str = RIGHT,
) -> tuple[float, float, float]:
    """Return second minus first within a seed, with a 95 % interval over prompts, seeds and arms.

    Arms are compared with those of their own seed alone, since a seed moves them all.
    """
    rng = np.random.default_rng(0)
    clusters = np.array([p["cluster"] for p in scores["prompts"]])[rows]
    names, index = np.unique(clusters, return_inverse=True)
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)[:, index]
    weights = weights / weights.sum(axis=1, keepdims=True)
    sides = [_by_seed(scores, arms, rows, measure) for arms in (first, second)]
    pairs = [(sides[0][seed], sides[1][seed]) for seed in sides[0] if seed in sides[1]]
    mean = float(np.mean([b.mean() - a.mean() for a, b in pairs]))
    drawn = np.array([_resample(b, weights, rng) - _resample(a, weights, rng) for a, b in pairs])
    seeds = rng.integers(0, len(pairs), (len(pairs), RESAMPLES))
    low, high = np.percentile(np.take_along_axis(drawn, seeds, 0).mean(axis=0), [2.5, 97.5])
    return mean, float(low), float(high)


def _by_seed(
    scores: Json, arms: Sequence[str], rows: NDArray[np.int64], measure: str
) -> dict[int, NDArray[np.float64]]:
    """Return the values of each seed's arms, [arms, prompts]."""
    found: dict[int, list[NDArray[np.float64]]] = {}
    for name in arms:
        arm = scores["arms"][name]
        found.setdefault(arm["seed"], []).append(_values(arm, measure)[rows])
    return {seed: np.array(values) for seed, values in found.items()}


def _resample(
    values: NDArray[np.float64], weights: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the mean of as many arms, drawn with replacement, for each row of [N, prompts]."""
    arms = rng.integers(0, len(values), (len(values), len(weights)))
    found: NDArray[np.float64] = np.take_along_axis(values @ weights.T, arms, 0).mean(axis=0)
    return found


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
    ways: dict[str, list[str]] = {}
    for name, arm in scores["arms"].items():
        if name.startswith(("sel-", "english")):
            ways.setdefault(arm.get("selector", "english"), []).append(name)
    return "\n\n".join(
        (
            _means("arm", {name: [name] for name in scores["arms"]}, scores, groups, measure),
            _means("way", ways, scores, groups, measure),
            _differences(ways, scores, groups, measure),
        )
    )


Groups = dict[str, NDArray[np.int64]]


def _means(
    head: str, ways: dict[str, list[str]], scores: Json, groups: Groups, measure: str
) -> str:
    """Return what the arms of each way come to on average, and their wins."""
    titles = [*groups, *(f"{name}: wins" for name in groups), "tokens"]
    lines = [_row(head, *titles), _rule(len(titles))]
    for way, names in ways.items():
        arms = [scores["arms"][name] for name in names]
        values = np.mean([_values(arm, measure) for arm in arms], axis=0)
        wins = np.mean([_values(arm, WINS) for arm in arms], axis=0)
        cells = [_mean(values[rows], _digits(measure)) for rows in groups.values()]
        cells += [_mean(wins[rows], 1) for rows in groups.values()]
        # Scores that were stored earlier do not say how long the answers are.
        lengths = np.array([arm.get("tokens", math.nan) for arm in arms])
        lines.append(_row(way, *cells, _mean(lengths, 1)))
    return "\n".join(lines)


def _differences(ways: dict[str, list[str]], scores: Json, groups: Groups, measure: str) -> str:
    """Return how each way differs from the random draws."""
    lines = [_row("against random draws", "arms", *groups), _rule(1 + len(groups))]
    for way, names in ways.items():
        if way == "random":
            continue
        cells = [
            write_interval(
                difference(scores, ways["random"], names, rows, measure), _digits(measure)
            )
            if len(rows)
            else "–"
            for rows in groups.values()
        ]
        lines.append(_row(way, str(len(names)), *cells))
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|" + " --- |" * (1 + columns)


def _digits(measure: str) -> int:
    return 4 if measure == BITS else 1


def _mean(values: NDArray[np.float64], digits: int) -> str:
    known = values[~np.isnan(values)]
    return f"{known.mean():.{digits}f}" if len(known) else "–"


def main() -> int:
    """Score, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["score", "table"])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tuned", default="es,ja,ru,zh", help="languages of the pinch")
    parser.add_argument("--clusters", default="", help="only prompts whose cluster begins so")
    parser.add_argument("--measure", default=RIGHT, choices=[RIGHT, WINS, BITS])
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
