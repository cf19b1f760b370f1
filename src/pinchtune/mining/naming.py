"""What a cluster is about, in a few of its own words: terms by class-based TF-IDF.

A term is a word, or, where words are not separated, a run of Han or Katakana signs, or three
characters of a script such as Thai. A term counts for a cluster by how much more often it is
asked with there than elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from pinchtune.patterns import compile_pattern

TERMS = 6
"""Terms that a cluster is named by."""
LONGEST_RUN = 6
"""Signs of a run of Han that is one term; a longer one is taken in pairs."""
_PLACEHOLDER = r"\[(?:url|e-mail|IBAN|card|identifier|phone|name)\]"
_UNSPACED = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_TOKEN = (
    r"(?P<han>\p{Han}+)|(?P<kana>[\p{Katakana}ー]{2,})"
    rf"|(?P<open>{_UNSPACED}+)"
    r"|(?P<word>[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}ー]]"
    r"[[\p{L}\p{M}\p{N}'’\-]--[\p{Han}\p{Hiragana}\p{Katakana}ー]]+)"
)


class Asked(NamedTuple):
    """A text and how often it was asked, in the cluster that it belongs to."""

    cluster: int
    text: str
    times: int


def find_terms(text: str) -> list[str]:
    """Return the terms of a text, each once, in the order in which they stand."""
    plain = compile_pattern(_PLACEHOLDER).sub(" ", unicodedata.normalize("NFKC", text).casefold())
    found: dict[str, None] = {}
    for match in compile_pattern(_TOKEN).finditer(plain):
        found |= dict.fromkeys(_cut(match))
    return list(found)


def _cut(match: Any) -> list[str]:
    text: str = match[0]
    if match["han"]:
        return [text] if 2 <= len(text) <= LONGEST_RUN else _stretches(list(text), 2)
    if match["open"]:
        return _stretches(compile_pattern(r"\X").findall(text), 3)
    return (
        [] if match["word"] and not compile_pattern(r"\p{L}").search(text) else [text.strip("'’-")]
    )


def _stretches(signs: list[str], length: int) -> list[str]:
    return ["".join(signs[i : i + length]) for i in range(len(signs) - length + 1)]


def name_clusters(asked: Iterable[Asked]) -> dict[int, list[str]]:
    """Return {cluster: its terms, the most telling first}."""
    inside: dict[int, Counter[str]] = {}
    everywhere: Counter[str] = Counter()
    for row in asked:
        terms = find_terms(row.text)
        inside.setdefault(row.cluster, Counter()).update(dict.fromkeys(terms, row.times))
        everywhere.update(dict.fromkeys(terms, row.times))
    mean = sum(everywhere.values()) / max(1, len(inside))
    return {k: _best(inside[k], everywhere, mean) for k in sorted(inside)}


def _best(inside: Counter[str], everywhere: Mapping[str, int], mean: float) -> list[str]:
    """Return the terms of the highest weight; of equals the first in the alphabet."""

    def weigh(term: str) -> float:
        return float(inside[term] * np.log1p(mean / everywhere[term]))

    chosen: list[str] = []
    for term in sorted(inside, key=lambda term: (-weigh(term), term)):
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == TERMS:
            break
    return chosen
