"""What is known about all examples together, kept so that a page need not count it anew.

Coverage, suggestions and near-duplicates look at every example of a language. They are
computed at most every few seconds, and only if the history says that something has happened.
Only who comes first waits for that; afterwards it is done beside the visits, which are given
what was known before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pinchtune.collecting.hints import Hint, check_text
from pinchtune.collecting.suggest import Suggestion, suggest
from pinchtune.collecting.terms import Coverage, coverage
from pinchtune.records import Example
from pinchtune.stages.pool import to_example
from pinchtune.store import Row, Store, Term, Text, glossary, history, templates
from pinchtune.store.rows import everything, similar_texts

_log = logging.getLogger("pinchtune")


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
        self._renewer: threading.Thread | None = None
        self._owner = 0
        """Thread that holds the lock."""

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

    def fields(self) -> Mapping[str, Counter[str]]:
        """Return how many examples of each field there are, by state."""
        found: Mapping[str, Counter[str]] = self._keep("fields", "", self._count_fields)
        return found

    def addresses(self) -> Mapping[str, str]:
        """Return the address of each example by the id that runs know it by."""
        found: Mapping[str, str] = self._keep(
            "addresses", "", lambda: {to_example(row).id: f"/rows/{row.id}" for row in self._rows()}
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

    def _count_fields(self) -> dict[str, Counter[str]]:
        counts: dict[str, Counter[str]] = {}
        for row in self._rows():
            counts.setdefault(row.text.domain, Counter())[row.status] += 1
        return counts

    def _suggest(self, language: str) -> list[Suggestion]:
        shown = templates.list_templates(self.store, language)
        return suggest(self._rows(), self.terms(language), shown, language)

    def _keep(self, what: str, language: str, make: Callable[[], Any]) -> Any:
        key = what, language
        found = self._kept.get(key)
        if found and time.monotonic() - found.at < self.seconds:
            return found.value
        # What is made anew is made of nothing old.
        renewing = self._owner == threading.get_ident()
        if found and self.seconds and not renewing:
            self._renew_beside(key, make)
            return found.value
        return self._renew(key, make)

    def _renew_beside(self, key: tuple[str, str], make: Callable[[], Any]) -> None:
        if self._renewer and self._renewer.is_alive():
            return
        self._renewer = threading.Thread(target=self._try_to_renew, args=(key, make), daemon=True)
        self._renewer.start()

    def _try_to_renew(self, key: tuple[str, str], make: Callable[[], Any]) -> None:
        try:
            self._renew(key, make)
        except Exception:
            _log.exception("renewing %s failed; it is tried again", key)

    def _renew(self, key: tuple[str, str], make: Callable[[], Any]) -> Any:
        with self._lock:
            before, self._owner = self._owner, threading.get_ident()
            try:
                stamp = history.newest(self.store)
                found = self._kept.get(key)
                value = found.value if found and found.stamp == stamp else make()
                self._kept[key] = _Kept(time.monotonic(), stamp, value)
                return value
            finally:
                self._owner = before
