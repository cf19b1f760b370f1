"""What people wrote, as one line of text or of Markdown in which no mark-up of theirs works."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence


def one_line(text: str) -> str:
    """Return what people wrote as one line without hidden characters."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return re.sub("[\u202a-\u202e\u2066-\u2069]", "", " ".join("".join(kept).split()))


def plain(text: str) -> str:
    """Return what people wrote such that it is one line, and no mark-up."""
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", one_line(text))


def bullets(found: Counter[str]) -> str:
    """Return a list of names with their counts, the most common first."""
    return "\n".join(f"- {name}: {count}" for name, count in found.most_common())


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the first row is its head."""
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
