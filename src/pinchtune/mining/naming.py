"""What a cluster is about, in a few of its own words.

A term is a word, or, where words are not separated, a run of Han or Katakana signs, or three
characters of a script such as Thai. A term counts for a cluster by how much more often it is
asked with there than elsewhere in its language.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pinchtune.patterns import compile_pattern

TERMS = 6
"""Terms that a cluster is named by."""
LONGEST_RUN = 6
"""Signs of a run of Han that is one term; a longer one is taken in pairs."""
_PLACEHOLDER = r"\[(?:url|e-mail|iban|card|identifier|phone|name)\]"
"""In small letters, as the text is when it is taken out."""
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
    language: str = ""


Term = tuple[str, str]
"""A language and a term in it."""


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
    rows = list(asked)
    everywhere, of_language = Counter[Term](), Counter[str]()
    inside: dict[int, Counter[Term]] = {}
    size: dict[int, Counter[str]] = {}
    for row in rows:
        terms = [(row.language, term) for term in find_terms(row.text)]
        inside.setdefault(row.cluster, Counter()).update(dict.fromkeys(terms, row.times))
        everywhere.update(dict.fromkeys(terms, row.times))
        size.setdefault(row.cluster, Counter())[row.language] += row.times
        of_language[row.language] += row.times
    found = {}
    for k in sorted(inside):
        shares = {code: n / of_language[code] for code, n in size[k].items()}
        found[k] = _best(inside[k], everywhere, shares)
    return found


def _best(
    inside: Counter[Term], everywhere: Mapping[Term, int], shares: Mapping[str, float]
) -> list[str]:
    """Return the terms of the highest weight; of equals the most frequent, then the first.

    The weight is n log(n / e), where e is how often the term were asked with here if its language
    spread it evenly: words that every text has, as articles are, weigh nothing.
    """
    weights, times = defaultdict[str, float](float), Counter[str]()
    for (code, term), count in inside.items():
        expected = everywhere[code, term] * shares[code]
        weights[term] += max(0.0, count * math.log(count / expected))
        times[term] += count
    chosen: list[str] = []
    for term in sorted(times, key=lambda term: (-round(weights[term], 6), -times[term], term)):
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == TERMS:
            break
    return chosen
