"""Rows of a store that never was."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from pinchtune.store.records import Row, Template, Term, Text

_NUMBERS = count(1)
DAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def make_row(instruction: str = "How do I pay?", response: str = "By card.", **given: Any) -> Row:
    text = {n: given.pop(n) for n in ("license", "domain", "drafted_by") if n in given}
    values: dict[str, Any] = {
        "id": f"{next(_NUMBERS):032x}",
        "language": "en",
        "site": "",
        "status": "approved",
        "version": 1,
        "revision": 1,
        "text": Text(instruction, response, **text),
        "author": "a",
        "author_name": "Ann Author",
        "editors": ("a",),
        "assigned_to": None,
        "template": "",
        "parallel_id": "",
        "source_id": None,
        "origin": "web",
        "reason": "",
        "sampled": False,
        "created": DAY,
        "updated": DAY,
    }
    return Row(**values | given)


def make_term(term: str, *variants: str, language: str = "en", enquiries: int = 0) -> Term:
    return Term(f"id-{language}-{term}", language, term, variants, "", enquiries)


def make_model(kind: str, language: str = "en", position: int = 0, **given: Any) -> Template:
    texts = {"title": kind.title(), "hint": "=1+1", "instruction": "Why?", "response": "So."}
    return Template(kind, language, kind, **texts | given, position=position)
