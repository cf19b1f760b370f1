"""Answers for people to mark as correct or not, without saying which arm gave them.

A sample is a CSV file with an empty column `correct`; read back, its marks are kept. As many
answers of either arm are drawn from each language, in random order: ids say nothing of the arm.
On a page they come one by one instead, two of either arm in an order that nobody can tell.
"""

from __future__ import annotations

import csv
import io
import random
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pinchtune.abtest.assignment import toss
from pinchtune.abtest.journal import Journal, reading
from pinchtune.abtest.plan import Plan
from pinchtune.data.sources import sniff
from pinchtune.data.tables import defuse, restore
from pinchtune.errors import DataError, UsageError
from pinchtune.files import read_text, write_text

COLUMNS = ("id", "language", "question", "answer", "correct")
YES = {"yes", "y", "1", "true", "correct", "はい", "○"}
NO = {"no", "n", "0", "false", "wrong", "いいえ", "×"}  # noqa: RUF001 - what people write
_TO_MARK = "FROM exchanges WHERE counted AND question IS NOT NULL AND status < 400"
_BOM = "\ufeff"
"""Excel takes a CSV file for UTF-8 only if it begins with this."""


class Answered(NamedTuple):
    """One answer to mark."""

    id: str
    language: str
    question: str
    answer: str


class Mark(NamedTuple):
    """What a person said of an answer."""

    id: str
    correct: bool


def draw_sample(journal: Path, plan: Plan, count: int, seed: int) -> list[Answered]:
    """Return about `count` answers that nobody has marked; UsageError if no text is kept."""
    with reading(journal) as db:
        found = db.execute(
            f"SELECT id, language, question, answer, arm {_TO_MARK} "
            "AND id NOT IN (SELECT exchange FROM checks) ORDER BY id"
        ).fetchall()
    if not found:
        raise UsageError(
            "there is no answer to mark: its text is kept only with ab.keep_text = true, for "
            "ab.text_days, and where people have agreed"
        )
    chance, cells = random.Random(seed), [(code, a) for code in plan.languages for a in plan.arms]
    drawn: list[Answered] = []
    for language, arm in cells:
        inside = [Answered(*row[:4]) for row in found if (row[1], row[4]) == (language, arm)]
        drawn += chance.sample(inside, min(len(inside), -(-count // len(cells))))
    chance.shuffle(drawn)
    return drawn


def next_answer(
    journal: Path, plan: Plan, salt: bytes, language: str, after: str = ""
) -> Answered | None:
    """Return the answer of a language to mark next.

    Both arms come alike: in blocks of two, whose order the salt decides. `after` is the id of one
    that is passed over: then the next one comes, of whichever arm.
    """
    with reading(journal) as db:
        if after:
            more = _first(db, "language = ? AND id > ?", language, after)
            return more or _first(db, "language = ?", language)
        marked = dict(
            db.execute(
                "SELECT arm, COUNT(*) FROM exchanges JOIN checks ON exchange = id "
                "WHERE counted AND language = ? GROUP BY arm",
                (language,),
            ).fetchall()
        )
        first, second = (marked.get(arm, 0) for arm in plan.arms)
        is_even = first == second
        swaps = toss(salt, language, str(first + second)) if is_even else first > second
        for arm in plan.arms[::-1] if swaps else plan.arms:
            if found := _first(db, "language = ? AND arm = ?", language, arm):
                return found
    return None


def _first(db: sqlite3.Connection, where: str, *values: str) -> Answered | None:
    """Return the first of these answers that nobody has marked."""
    query = (
        f"SELECT id, language, question, answer {_TO_MARK} AND {where} "
        "AND id NOT IN (SELECT exchange FROM checks) ORDER BY id LIMIT 1"
    )
    found = db.execute(query, values).fetchone()
    return Answered(*found) if found else None


def find_answer(journal: Path, id: str) -> Answered | None:
    """Return an answer that can be marked, or marked anew; None if there is none of that id."""
    with reading(journal) as db:
        query = f"SELECT id, language, question, answer {_TO_MARK} AND id = ?"
        found = db.execute(query, (id,)).fetchone()
    return Answered(*found) if found else None


def count_marks(journal: Path) -> dict[str, int]:
    """Return how many answers of each language are marked."""
    with reading(journal) as db:
        return dict(
            db.execute(
                "SELECT language, COUNT(*) FROM exchanges JOIN checks ON exchange = id "
                "WHERE counted GROUP BY language"
            ).fetchall()
        )


def write_sample(path: Path, answers: Iterable[Answered]) -> int:
    """Write a sample as CSV and return how many answers it holds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    rows = [[defuse(cell) for cell in answer] for answer in answers]
    writer.writerows([*row, ""] for row in rows)
    write_text(path, _BOM + text.getvalue())
    return len(rows)


def read_marks(path: Path) -> Iterator[Mark]:
    """Yield the marks of a sample that came back; rows without one are skipped."""
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sniff(text[:65_536]))
    header = [cell.strip().lower() for cell in next(reader, [])]
    missing = [name for name in ("id", "correct") if name not in header]
    if missing:
        raise DataError(f"has no column {missing[0]!r}; use the file of the sample", path, 1)
    for cells in reader:
        row = dict(zip(header, (restore(cell).strip() for cell in cells)))
        said = row.get("correct", "").casefold()
        if not said:
            continue
        if said not in YES | NO:
            message = f"{row['correct']!r} is neither yes nor no; correct it"
            raise DataError(message, path, reader.line_num, "correct")
        yield Mark(row["id"], said in YES)


def keep_marks(journal: Journal, marks: Iterable[Mark], by: str, now: float) -> int:
    """Keep marks and return how many there were; nothing is kept if one is of no answer."""
    found = list(marks)
    journal.mark(found, by, now)
    return len(found)
