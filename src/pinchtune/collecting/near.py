"""Near-duplicates among the texts of one language, kept up to date instead of rebuilt.

The measure is that of data/similar. Texts are compared only with those that share most of
their rarest trigrams; the index follows what is added, changed and taken away.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from heapq import nlargest
from itertools import chain

from pinchtune.data.similar import (
    COMPARED,
    LONGEST,
    POSTINGS,
    RAREST,
    THRESHOLD,
    normalise,
    trigrams,
)
from pinchtune.data.values import load_library

_FEW, _VOTES = 6, 1200
"""Trigrams that always look for partners; votes from which on no more are asked."""


class NearIndex:
    """Texts by their trigrams; safe to share between threads."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._same: dict[str, list[str]] = {}
        self._postings: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._given)

    def find(self, text: str, others: Iterable[tuple[str, str]]) -> str | None:
        """Return the id of one of `others`, (id, text) each, that is near to `text`."""
        with self._lock:
            self._follow(dict(others))
            return self._nearest(normalise(text)[:LONGEST])

    def add(self, key: str, text: str) -> None:
        """Make one more text findable."""
        with self._lock:
            self._add(key, text)
            self._given[key] = text

    def find_known(self, text: str) -> str | None:
        """Return the id of a text near to `text` among those that it knows."""
        with self._lock:
            return self._nearest(normalise(text)[:LONGEST])

    def _follow(self, wanted: dict[str, str]) -> None:
        """Make these the texts of the index; only what differs costs time."""
        if wanted == self._given:
            return
        for key in [key for key, text in self._given.items() if wanted.get(key) != text]:
            self._remove(key)
        for key, text in wanted.items():
            if key not in self._texts:
                self._add(key, text)
        self._given = wanted

    def _add(self, key: str, text: str) -> None:
        plain = self._texts[key] = normalise(text)[:LONGEST]
        self._same.setdefault(plain, []).append(key)
        for gram in trigrams(plain):
            self._postings.setdefault(gram, []).append(key)

    def _remove(self, key: str) -> None:
        plain = self._texts.pop(key)
        _take(self._same, plain, key)
        for gram in trigrams(plain):
            _take(self._postings, gram, key)

    def _nearest(self, text: str) -> str | None:
        if text and text in self._same:
            return self._same[text][0]
        rapidfuzz = load_library("rapidfuzz", "web")
        known = [(len(self._postings[g]), g) for g in trigrams(text) if g in self._postings]
        voters: list[list[str]] = []
        for size, gram in sorted(known)[:RAREST]:
            # Where all trigrams are common, the rarest few tell as much as many of them.
            if len(voters) >= _FEW and sum(map(len, voters)) + size > _VOTES:
                break
            voters.append(self._postings[gram][-POSTINGS:])
        votes = Counter(chain.from_iterable(voters))
        # One trigram in common is chance, and most of what votes has no more.
        least = 2 if len(voters) >= _FEW else 1
        shared = [(count, key) for key, count in votes.items() if count >= least]
        choices = {key: self._texts[key] for _, key in nlargest(COMPARED, shared)}
        ratio = rapidfuzz.fuzz.ratio
        best = rapidfuzz.process.extractOne(text, choices, scorer=ratio, score_cutoff=THRESHOLD)
        return None if best is None else str(best[2])


def _take(lists: dict[str, list[str]], name: str, key: str) -> None:
    """Take `key` out of a list, and an empty list out of all."""
    lists[name].remove(key)
    if not lists[name]:
        del lists[name]
