"""Near-duplicates among thousands of texts of one language, in any script.

Two texts are near-duplicates if their similarity is at least `THRESHOLD`: 100 times twice
the length of the longest common subsequence over the sum of both lengths, on text that is
normalised (NFC, letter case, white space) and cut at `LONGEST` characters.

Comparing all pairs is too slow from some thousand long texts on, so a text is compared only
with those that share most of its rarest trigrams. That finds what differs in some words; two
texts that share common letters alone are never compared.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

THRESHOLD = 90.0
"""Similarity in percent: about one word of ten differs, or one Chinese character of ten."""
LONGEST = 2000
"""Characters that are compared; the rest of a longer text is not looked at."""
RAREST = 24
"""Trigrams of a text that look for partners."""
POSTINGS = 300
"""Texts remembered for a trigram; one that more texts share tells little."""
COMPARED = 20
"""Partners that a text is compared with, those that share most first."""


class Pair(NamedTuple):
    """Text `first` is near to text `second`."""

    first: int
    second: int


def normalise(text: str) -> str:
    """Return `text` without differences of composition, letter case and white space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def find_near_duplicates(texts: Sequence[str]) -> Iterator[Pair]:
    """Yield, for each text with a near-duplicate before it, one such pair."""
    index = _Index(texts)
    for i, text in enumerate(index.texts):
        near = index.find(text)
        if near is not None:
            yield Pair(i, near)
        index.add(i)


def find_near_pairs(texts: Sequence[str], others: Sequence[str]) -> Iterator[Pair]:
    """Yield, for each text with a near-duplicate among `others`, one such pair."""
    index = _Index([*others, *texts])
    for i in range(len(others)):
        index.add(i)
    for i, text in enumerate(index.texts[len(others) :]):
        near = index.find(text)
        if near is not None:
            yield Pair(i, near)


class _Index:
    """Texts by their trigrams."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = [normalise(text)[:LONGEST] for text in texts]
        self._counts = Counter(gram for text in self.texts for gram in trigrams(text))
        self._postings: dict[str, list[int]] = defaultdict(list)

    def add(self, i: int) -> None:
        """Make text `i` findable."""
        for gram in trigrams(self.texts[i]):
            postings = self._postings[gram]
            if len(postings) < POSTINGS:
                postings.append(i)

    def find(self, text: str) -> int | None:
        """Return an added text that is near to `text`."""
        from rapidfuzz import fuzz, process

        votes = Counter(i for gram in self._rarest(text) for i in self._postings.get(gram, ()))
        choices = {i: self.texts[i] for i, _ in votes.most_common(COMPARED)}
        best = process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=THRESHOLD)
        return None if best is None else int(best[2])

    def _rarest(self, text: str) -> list[str]:
        # A trigram of this text alone leads nowhere.
        shared = [gram for gram in trigrams(text) if self._counts[gram] > 1]
        return sorted(shared, key=lambda gram: (self._counts[gram], gram))[:RAREST]


def trigrams(text: str) -> set[str]:
    """Return the stretches of three characters of `text`; a shorter text is its own."""
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))} if text else set()
