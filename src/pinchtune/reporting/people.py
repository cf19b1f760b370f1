"""People beside the judge: how far it agrees with them, and they with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import UNKNOWN, Json, ReportData
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording

DIGITS = {"same": 0, "discounted": 0, "alpha": 2, "among_people": 2}
"""Columns of the table, with their decimals."""
GRADES = ("excellent", "pass", "fail")


class PeopleView(NamedTuple):
    """What people said, as far as it tells how to read the judge."""

    lines: list[str]
    grids: list[Grid]


def is_people(judge: str) -> bool:
    """Say whether the name of a judge is that of people."""
    return judge.startswith("people")


def build_people(data: ReportData, words: Wording) -> PeopleView:
    """Return the part on people; a sentence where nobody has judged these answers."""
    facts: Json | None = data.scores["judging"].get("people")
    if not facts:
        return PeopleView([words("people.none")], [])
    themselves = is_people(str(data.scores["win_rate"]["judge"]))
    said = {name: words.number(facts[name]) for name in ("raters", "judgements", "pairs")}
    lines = [words("people.lead", **said), words("people.alpha")]
    if not themselves:
        lines.append(words("people.beside"))
    grids = [_agreement(facts, themselves, words)] if facts["languages"] else []
    if facts["grades"]:
        grids.append(_grades(facts["grades"], words))
    return PeopleView(lines, grids)


def _agreement(facts: Json, themselves: bool, words: Wording) -> Grid:
    names = ["among_people"] if themselves else list(DIGITS)
    titles = {"alpha": "alpha_column"}
    header = [words("page.language"), *(words(f"people.{titles.get(n, n)}") for n in names)]
    rows = [("", facts["all"]), *facts["languages"].items()]
    lines = [
        Line(
            words.language(code) if code else words("people.all"),
            not code,
            [_cell(found.get(name, UNKNOWN), DIGITS[name], words) for name in names],
        )
        for code, found in rows
    ]
    return Grid(words("people.title"), header, lines)


def _cell(estimate: Json, digits: int, words: Wording) -> Cell:
    note = words("people.of", n=words.number(estimate["n"])) if estimate["n"] else ""
    return Cell(words.number(estimate["value"], digits), words.bracket(estimate, digits), note)


def _grades(grades: Json, words: Wording) -> Grid:
    header = [words("page.language"), *(words(f"people.{grade}") for grade in GRADES)]
    lines = [
        Line(name, False, cells)
        for code, found in grades.items()
        for name, cells in _arms(code, found, words)
    ]
    return Grid(words("people.grades"), header, lines)


def _arms(code: str, found: Json, words: Wording) -> Iterator[tuple[str, list[Cell]]]:
    """Yield a line for each arm: how often it got each grade, in percent."""
    for arm, key in (("a", "people.without"), ("b", "people.with")):
        total = sum(found[arm].values())
        shares = [100 * found[arm][grade] / total if total else None for grade in GRADES]
        cells = [Cell(words.number(share), "", words.number(found[arm][g]))
                 for share, g in zip(shares, GRADES, strict=True)]  # fmt: skip
        yield words(key, language=words.language(code)), cells
