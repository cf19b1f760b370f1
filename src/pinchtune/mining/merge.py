"""The same question asked many times is one candidate that counts as many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pinchtune.data.similar import find_near_duplicates, normalise
from pinchtune.records import content_hash

Json = dict[str, Any]


@dataclass
class Candidate:
    """A question, and how often it was asked in about these words."""

    text: str
    language: str
    count: int = 0
    mixed: bool = False
    wrong_language: int = 0
    """How often it was answered in another language."""
    variants: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Hash of language and text."""
        return content_hash([self.language, self.text])


def merge(rows: Iterable[Json]) -> list[Candidate]:
    """Return the candidates by id; rows that were dropped are left out.

    Of texts that are near-duplicates the one that was asked most often stands for all; of
    equals, the first in the order of the alphabet, so the order of the logs does not matter.
    """
    same: dict[tuple[str, str], Candidate] = {}
    for row in rows:
        if "dropped" not in row:
            key = row["language"], normalise(row["text"])
            kept = same.setdefault(key, Candidate(row["text"], row["language"]))
            kept.text = min(kept.text, row["text"])
            kept.count += 1
            kept.mixed |= row["mixed"]
            kept.wrong_language += "answered" in row
    by_language = defaultdict(list)
    for candidate in same.values():
        by_language[candidate.language].append(candidate)
    merged = [c for code in sorted(by_language) for c in _merge_near(by_language[code])]
    return sorted(merged, key=lambda candidate: candidate.id)


def _merge_near(candidates: list[Candidate]) -> list[Candidate]:
    order = sorted(candidates, key=lambda c: (-c.count, c.text))
    home = list(range(len(order)))
    for pair in find_near_duplicates([c.text for c in order]):
        home[pair.first] = home[pair.second]
    for place, candidate in enumerate(order):
        if home[place] != place:
            head = order[home[place]]
            head.count += candidate.count
            head.mixed |= candidate.mixed
            head.wrong_language += candidate.wrong_language
    return [candidate for place, candidate in enumerate(order) if home[place] == place]
