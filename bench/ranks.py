"""Ranks of languages by what is known before tuning, beside what they gained or gave.

`python -m bench.ranks ADVICE.json FOLDER` prints Spearman's rank correlation of MEXA and parity,
from `pinch advise languages` (runs/advise/languages/advice.json), with what stored scores of an
experiments folder say: the gain of each language by a pinch of others, from `dose.toml`, and what
tuning on a language alone gives to the others, from `transfer.toml`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from scipy.stats import spearmanr

from pinchtune.config import ENGLISH
from pinchtune.experiments.board import NON_ENGLISH, Board
from pinchtune.experiments.draw import read_board
from pinchtune.experiments.figures.matrix import transfer_mean
from pinchtune.experiments.recipe import read_recipe
from pinchtune.files import read_json
from pinchtune.stages.project import Project

MEASURE = "right_language"
FACTS = ("mexa", "parity")
DOSES = (40, 320)


def board_of(folder: Path, name: str) -> Board:
    """Return the scores of a recipe of the folder."""
    recipe = read_recipe(str(folder / f"{name}.toml"))
    return read_board(Project.open(folder), recipe, scores=folder / "scores")


def gains(board: Board, dose: int) -> dict[str, float]:
    """Return the points that a pinch adds to each language but English, replacing."""
    point = next(
        p for p in board.points if p.arm.dose == dose and p.arm.config.mix.mode == "replace"
    )
    control = board.control(point)
    assert control
    found = {c: board.difference(point, control, MEASURE, [c]) for c in board.groups[NON_ENGLISH]}
    return {code: one.these_seeds.value for code, one in found.items() if one}


def gifts(board: Board) -> dict[str, float]:
    """Return how often others are answered in their language after tuning on one alone."""
    found = {
        p.language: transfer_mean(board, p, board.languages, MEASURE)
        for p in board.points
        if p.is_whole and p.language != ENGLISH
    }
    return {code: value for code, value in found.items() if value is not None}


def rank(facts: Mapping[str, float], values: Mapping[str, float]) -> tuple[int, float, float]:
    """Return how many languages have both, Spearman's correlation, and its p-value."""
    codes = sorted(facts.keys() & values.keys())
    found = spearmanr([facts[c] for c in codes], [values[c] for c in codes])
    return len(codes), float(found.statistic), float(found.pvalue)


def rows(facts: Mapping[str, Mapping[str, float]], folder: Path) -> Iterator[str]:
    """Yield the rows of the table of docs/advice.md."""
    dose = board_of(folder, "dose")
    asked = {f"gain by {n} of 400 examples": gains(dose, n) for n in DOSES}
    asked["given to others, tuned on alone"] = gifts(board_of(folder, "transfer"))
    for name, values in asked.items():
        found = [rank(facts[fact], values) for fact in FACTS]
        cells = [f"{rho:.2f} (p = {p:.2f})".replace("-", "−") for _, rho, p in found]
        yield f"| {name} | {found[0][0]} | {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("advice", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    known = read_json(options.advice)["facts"]
    facts = {fact: {row["code"]: row[fact] for row in known} for fact in FACTS}
    print("\n".join(rows(facts, options.folder)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
