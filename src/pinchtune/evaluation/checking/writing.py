"""The table of how languages are written: commas, sentence ends, quotes, case, registers.

The rows stand in `writing.toml`; a checker asks for a column and names no language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from pinchtune.languages import get_language

_CASED = frozenset({"Armn", "Cyrl", "Grek", "Latn"})
"""Scripts that have capital and small letters."""


class Writing(NamedTuple):
    """One row of the table; an empty column means that there is no such thing to check."""

    code: str
    """Language of the row."""
    spaced: bool
    """True if words are separated by spaces, so that they can be counted."""
    cased: bool
    """True if there are capital letters."""
    commas: str
    """The characters that are commas."""
    ends: str
    """Characters that end a sentence wherever they stand."""
    spaced_ends: str
    """Characters that end a sentence before a space or at the end of a line."""
    quotes: tuple[str, ...]
    """Pairs of an opening and a closing quotation mark."""
    abbreviations: frozenset[str]
    """What stands before a full stop that ends no sentence, case-folded."""
    registers: Mapping[str, str]
    """Patterns of polite and plain sentence endings."""

    @property
    def sentence_ends(self) -> str:
        """All characters that end a sentence."""
        return self.ends + self.spaced_ends


@cache
def get_writing(code: str) -> Writing:
    """Return the row of a language; UsageError if there is no such language."""
    language = get_language(code)
    table = _table()
    row: dict[str, Any] = table["default"] | table.get(language.code, {})
    return Writing(
        code=language.code,
        spaced=language.spaced,
        cased=not _CASED.isdisjoint(language.scripts),
        commas=row["commas"],
        ends=row["ends"],
        spaced_ends=row["spaced_ends"],
        quotes=tuple(row["quotes"]),
        abbreviations=frozenset(row["abbreviations"].split()),
        registers=row.get("registers", {}),
    )


@cache
def _table() -> dict[str, dict[str, Any]]:
    path = files("pinchtune.evaluation.checking") / "writing.toml"
    return tomllib.loads(path.read_text("utf-8"))
