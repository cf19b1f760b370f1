"""The figures of an experiment, a shape a kind, made from scores alone.

Every figure can be read in greyscale: marks, dashes and words tell what colours tell. Letters
stay letters, so that a browser shows every script.
"""

from __future__ import annotations

import matplotlib

from pinchtune.experiments.board import Board
from pinchtune.experiments.figures.curves import (
    draw_confusion,
    draw_dose,
    draw_languages,
    draw_temperature,
)
from pinchtune.experiments.figures.matrix import draw_pairs, draw_transfer
from pinchtune.experiments.figures.rows import draw_forest, draw_gain
from pinchtune.experiments.figures.scatter import draw_pareto, draw_share, draw_similarity
from pinchtune.experiments.figures.shares import draw_pinch, draw_seen_unseen
from pinchtune.experiments.recipe import FigureSpec
from pinchtune.reporting.plots import RC, Drawn
from pinchtune.reporting.wording import Wording

SHAPES = {
    "confusion": draw_confusion,
    "dose": draw_dose,
    "forest": draw_forest,
    "gain": draw_gain,
    "languages": draw_languages,
    "pairs": draw_pairs,
    "pareto": draw_pareto,
    "pinch": draw_pinch,
    "seen_unseen": draw_seen_unseen,
    "share": draw_share,
    "similarity": draw_similarity,
    "temperature": draw_temperature,
    "transfer": draw_transfer,
}
"""Kinds of figures by their name in a recipe."""


def draw(board: Board, spec: FigureSpec, words: Wording) -> Drawn | None:
    """Return a figure of a recipe; None if too few of its arms have scores."""
    with matplotlib.rc_context(RC):
        return SHAPES[spec.kind](board, spec, words)


__all__ = ["SHAPES", "Drawn", "draw"]
