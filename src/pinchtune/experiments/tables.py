"""The tables of an experiment: every measure by arm and group, and seed by seed."""

from __future__ import annotations

from pinchtune.evaluation.measures import MEASURES
from pinchtune.experiments.board import GROUPS, Board, Point
from pinchtune.experiments.figures.rows import compare, name_arm
from pinchtune.experiments.recipe import BITS, WIN_RATE
from pinchtune.reporting.grids import Table
from pinchtune.reporting.plots import write_estimate
from pinchtune.reporting.wording import Wording
from pinchtune.stats import SeedEstimate

SHOWN = (*(m.name for m in MEASURES), WIN_RATE)


def build_tables(board: Board, words: Wording) -> list[Table]:
    """Return a table for each measure that some arm has, and one that shows every seed."""
    found = [_measure(board, name, words) for name in SHOWN if _has(board, name)]
    return [*found, *_by_seed(board, words)]


def _has(board: Board, measure: str) -> bool:
    if measure == WIN_RATE:
        return any(_estimates(board, point, measure) for point in board.points)
    return any(measure in scored.names for scored in board.scored.values())


def _estimates(board: Board, point: Point, measure: str) -> list[SeedEstimate]:
    if measure == WIN_RATE and not _is_compared(board, point):
        return []
    groups = board.groups_of(point)
    found = (board.estimate(point, measure, groups[group]) for group in GROUPS)
    return [estimate for estimate in found if estimate]


def _is_compared(board: Board, point: Point) -> bool:
    return board.control(point) not in (None, point)


def _measure(board: Board, measure: str, words: Wording) -> Table:
    groups = [words(f"group.{group}") for group in GROUPS]
    is_win = measure == WIN_RATE
    gains = [] if is_win else [words("table.gain", group=group) for group in groups]
    name = words("axis.wins" if is_win else f"measure.{measure}")
    rows = [
        [
            name_arm(point, words),
            str(len(point.arms)),
            *_values(board, point, measure, words),
            *([] if is_win else _gains(board, point, measure, words)),
        ]
        for point in board.points
        if not is_win or _is_compared(board, point)
    ]
    return Table(name, [words("table.arm"), words("table.seeds"), *groups, *gains], rows)


def _values(board: Board, point: Point, measure: str, words: Wording) -> list[str]:
    groups = board.groups_of(point)
    return [
        write_both(board.estimate(point, measure, groups[group]), measure, words)
        for group in GROUPS
    ]


def _gains(board: Board, point: Point, measure: str, words: Wording) -> list[str]:
    if not _is_compared(board, point):
        return [words("page.unknown")] * len(GROUPS)
    groups = board.groups_of(point)
    return [
        write_both(compare(board, point, measure, groups[group]), measure, words, sign=True)
        for group in GROUPS
    ]


def write_both(
    estimate: SeedEstimate | None, measure: str, words: Wording, sign: bool = False
) -> str:
    """Return a value with its interval over prompts and, of several seeds, that over both."""
    if estimate is None:
        return words("page.unknown")
    digits = 3 if measure == BITS else 1
    text = write_estimate(estimate.these_seeds, words, digits, sign)
    if not estimate.knows_seeds:
        return text
    span = write_estimate(estimate.any_seeds, words, digits, sign).partition(" ")[2]
    return words("table.both", text=text, seeds=estimate.seeds, span=span)


def _by_seed(board: Board, words: Wording) -> list[Table]:
    several = [point for point in board.points if len(point.arms) > 1]
    if not several:
        return []
    groups = [words(f"group.{group}") for group in GROUPS]
    measure = "right_language"
    rows = []
    for point in several:
        own = board.groups_of(point)
        found = [board.by_seed(point, measure, own[group]) for group in GROUPS]
        rows += [
            [name_arm(point, words), str(seed), *(words.number(f.get(seed), 1) for f in found)]
            for seed in (arm.seed for arm in point.arms)
        ]
    title = words("table.by_seed", measure=words(f"measure.{measure}"))
    return [Table(title, [words("table.arm"), words("table.seed"), *groups], rows)]
