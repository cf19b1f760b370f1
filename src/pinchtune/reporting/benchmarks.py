"""Public benchmarks: a table of what each arm got; it says itself that it decides nothing."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.reporting.inputs import Json, ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording

DIGITS = 3
NAME_CHARACTERS = 80


class BenchmarksView(NamedTuple):
    """The section on public benchmarks."""

    lead: str
    rows: Grid


def build_benchmarks(data: ReportData, words: Wording) -> BenchmarksView | None:
    """Return the section in a locale; None where no benchmark was run."""
    if not data.benchmarks:
        return None
    arms = list(dict.fromkeys(arm for row in data.benchmarks for arm in row["arms"]))
    header = [words("benchmarks.task"), words("benchmarks.rows")]
    header += [words.choose("arm", arm) for arm in arms] + [words("tables.difference")]
    lines = [Line(_name(row, words), False, _cells(row, arms, words)) for row in data.benchmarks]
    return BenchmarksView(_lead(data, words), Grid(words("benchmarks.title"), header, lines))


def _lead(data: ReportData, words: Wording) -> str:
    said = [words("benchmarks.lead")]
    if any(row["limit"] for row in data.benchmarks):
        said.append(words("benchmarks.limited"))
    return words("page.space").join(said)


def _name(row: Json, words: Wording) -> str:
    parts = [row["task"], row["metric"]]
    parts += [row["filter"]] if row["filter"] != "none" else []
    parts += [words("seeds.one", n=row["seed"] + 1)] if row["seed"] else []
    return clip(words("page.comma").join(parts), NAME_CHARACTERS, 1).text


def _cells(row: Json, arms: list[str], words: Wording) -> list[Cell]:
    cells = [Cell(words.number(row["rows"]))]
    for arm in arms:
        found = row["arms"].get(arm, {"value": None, "error": None})
        error = found["error"]
        spread = f"± {words.number(error, DIGITS)}" if error is not None else ""
        cells.append(Cell(words.number(found["value"], DIGITS), spread))
    difference = row["difference"]
    if difference is None:
        return [*cells, Cell(words("page.unknown"))]
    value = words.number(difference["value"], DIGITS, sign=True)
    span = words.bracket(difference, DIGITS, sign=True)
    return [*cells, Cell(value, span, mark=_mark(difference, row["better"]))]


def _mark(difference: Json, better: str) -> str:
    low, high = difference["low"], difference["high"]
    if not better or low is None or low <= 0 <= high:
        return ""
    return "better" if (low > 0) == (better == "higher") else "worse"
