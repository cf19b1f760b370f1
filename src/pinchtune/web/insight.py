"""What is known about all examples together, kept so that a page need not count it anew.

Coverage, suggestions and near-duplicates look at every example of a language. They are
computed at most every few seconds, and only if the history says that something has happened;
while one visitor waits for that, the others are given what was known before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pinchtune.collecting.hints import Hint, check_text
from pinchtune.collecting.suggest import Suggestion, suggest
from pinchtune.collecting.terms import Coverage, coverage
from pinchtune.records import Example
from pinchtune.store import Row, Store, Term, Text, glossary, history, templates
from pinchtune.store.rows import everything, similar_texts


class _Kept(NamedTuple):
    at: float
    stamp: int
    value: Any


class Insight:
    """Answers questions about all examples of a store."""

    def __init__(self, store: Store, evaluated: Sequence[Example], seconds: float) -> None:
        self.store, self.evaluated, self.seconds = store, evaluated, seconds
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = threading.RLock()

    def coverage(self, language: str) -> Coverage:
        """Return which terms of a language the approved examples use."""
        found: Coverage = self._keep(
            "coverage", language, lambda: coverage(self._rows(), self.terms(language), language)
        )
        return found

    def suggestions(self, language: str) -> list[Suggestion]:
        """Return what is worth writing next."""
        found: list[Suggestion] = self._keep("suggest", language, lambda: self._suggest(language))
        return found

    def terms(self, language: str) -> list[Term]:
        """Return the glossary of a language."""
        found: list[Term] = self._keep(
            "terms", language, lambda: glossary.list_terms(self.store, language)
        )
        return found

    def others(self, language: str) -> Sequence[tuple[str, str]]:
        """Return (id, instruction) of all examples of a language."""
        found: Sequence[tuple[str, str]] = self._keep(
            "others", language, lambda: similar_texts(self.store, language)
        )
        return found

    def check(self, text: Text, language: str, without: str = "") -> list[Hint]:
        """Return the hints on a text; `without` is its own id."""
        others = self.others(language)
        return check_text(
            text,
            language,
            others=[pair for pair in others if pair[0] != without],
            terms=self.terms(language),
            evaluated=self.evaluated,
        )

    def _rows(self) -> list[Row]:
        rows: list[Row] = self._keep("rows", "", lambda: everything(self.store))
        return rows

    def _suggest(self, language: str) -> list[Suggestion]:
        shown = templates.list_templates(self.store, language)
        return suggest(self._rows(), self.terms(language), shown, language)

    def _keep(self, what: str, language: str, make: Callable[[], Any]) -> Any:
        key = what, language
        found = self._kept.get(key)
        if found and time.monotonic() - found.at < self.seconds:
            return found.value
        if not self._lock.acquire(blocking=found is None):
            assert found
            return found.value
        try:
            stamp = history.newest(self.store)
            found = self._kept.get(key)
            value = found.value if found and found.stamp == stamp else make()
            self._kept[key] = _Kept(time.monotonic(), stamp, value)
            return value
        finally:
            self._lock.release()
