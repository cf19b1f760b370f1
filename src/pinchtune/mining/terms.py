"""The words that tell a cluster from the others (class-based TF-IDF)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pinchtune.languages import LANGUAGES

TERMS = 5


@lru_cache
def _words() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}'’\-]+", regex.V1)


def split(text: str, language: str) -> list[str]:
    """Return the words of a text; pairs of characters where no spaces part them."""
    found: list[str] = [w.casefold() for w in _words().findall(text)]
    row = LANGUAGES.get(language)
    if row is None or row.spaced:
        return found
    return [a + b for word in found for a, b in pairwise(word)]


def name_clusters(
    texts: Sequence[str], languages: Sequence[str], labels: Iterable[int], counts: Sequence[int]
) -> dict[int, list[str]]:
    """Return {cluster: its terms}, the most telling first; ties by the alphabet.

    A word counts as often as it was asked with, times the logarithm of the share of clusters
    that lack it: what every cluster has, such as the small words of a language, names none.
    """
    inside: dict[int, Counter[str]] = {}
    for text, language, label, count in zip(texts, languages, labels, counts, strict=True):
        words = dict.fromkeys(split(text, language), count)
        inside.setdefault(label, Counter()).update(words)
    clusters = Counter(word for words in inside.values() for word in words)
    return {
        label: _best({w: n * math.log((1 + len(inside)) / clusters[w]) for w, n in words.items()})
        for label, words in sorted(inside.items())
    }


def _best(score: dict[str, float]) -> list[str]:
    return sorted(score, key=lambda w: (-score[w], w))[:TERMS]
