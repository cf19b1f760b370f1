"""Answers that were poor, as enquiries for `pinch mine` and drafts for authors.

Poor is what got a thumb down, a score of 1 or 2, a mark of "not correct", or came in another
language. Only texts that were kept can come back, and those are free of personal data.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from pinchtune.abtest.counts import LATEST_FEEDBACK
from pinchtune.abtest.journal import reading

Json = dict[str, Any]
WORST_SCORE = 2
_WHY = {
    "score": f"f.score <= {WORST_SCORE}",
    "thumb": "f.score IS NULL AND f.thumb = 'down'",
    "not-correct": "c.correct = 0",
    "wrong-language": "e.status < 400 AND e.answer_language NOT IN ('', e.language)",
}


def find_poor(journal: Path) -> list[Json]:
    """Return the poor answers whose text was kept, what is asked most first.

    `frequency` counts the poor answers to the same question in the same language.
    """
    columns = ", ".join(f"({sql}) AS `{name}`" for name, sql in _WHY.items())
    with reading(journal) as db:
        found = db.execute(
            f"SELECT e.question, e.answer, e.language, f.reason, {columns} FROM exchanges e "
            f"LEFT JOIN {LATEST_FEEDBACK} f ON f.exchange = e.id "
            "LEFT JOIN checks c ON c.exchange = e.id "
            f"WHERE e.question IS NOT NULL AND ({' OR '.join(f'({s})' for s in _WHY.values())}) "
            "ORDER BY e.time, e.id"
        ).fetchall()
    asked = Counter((question, language) for question, _, language, *_ in found)
    rows = [
        {
            "question": question,
            "answer": answer,
            "language": language,
            "frequency": asked[question, language],
            "poor": [name for name, is_so in zip(_WHY, whys) if is_so],
            **({"reason": reason} if reason else {}),
        }
        for question, answer, language, reason, *whys in found
    ]
    return sorted(rows, key=lambda row: -row["frequency"])
