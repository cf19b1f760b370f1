"""The same question asked many times is one candidate that counts as many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from pinchtune.data.similar import normalise
from pinchtune.mining.chunk import SENTENCES, choose_sample
from pinchtune.mining.duplicates import find_leaders
from pinchtune.records import content_hash

PLACES = 3
"""Places of a log that a candidate names, the first in reading order."""


@dataclass(slots=True)
class Candidate:
    """A question, and how often it was asked in about these words."""

    text: str
    language: str
    count: int = 0
    mixed: bool = False
    wrong_language: int = 0
    """How often it was answered in another language."""
    sources: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Hash of language and text."""
        return content_hash([self.language, self.text])

    def absorb(self, other: Candidate) -> None:
        """Count another candidate as this one."""
        self.count += other.count
        self.mixed |= other.mixed
        self.wrong_language += other.wrong_language
        if len(self.sources) < PLACES:
            self.sources = (*self.sources, *other.sources)[:PLACES]


class Merged(NamedTuple):
    """What all chunks hold together."""

    candidates: list[Candidate]
    """By id."""
    summary: dict[str, Any]
    sample: list[dict[str, str]]
    """Places where personal data was hidden, for a person to look at."""


def merge(chunks: Iterable[Mapping[str, Any]]) -> Merged:
    """Return the candidates and the counts of all chunks.

    Of near-duplicates the one that was asked most often stands for all; of equals the first in
    the order of the alphabet.
    """
    tally = _Tally()
    same: dict[bytes, Candidate] = {}
    for chunk in chunks:
        tally.add(chunk)
        for text, language, mixed, wrong, place in chunk["rows"]:
            new = Candidate(text, language, 1, mixed, int(wrong), (place,))
            kept = same.setdefault(_key(text, language), new)
            if kept is not new:
                kept.text = min(kept.text, text)
                kept.absorb(new)
    exact = list(same.values())
    del same
    near = merge_near(exact)
    return Merged(near, tally.summary(exact, near), tally.sample)


def _key(text: str, language: str) -> bytes:
    return blake2b(f"{language}\n{normalise(text)}".encode(), digest_size=12).digest()


def merge_near(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates by id, near-duplicates counted as one."""
    order = sorted(candidates, key=lambda c: (-c.count, c.text, c.language))
    leaders = find_leaders([c.text for c in order], [c.language for c in order])
    for place, leader in enumerate(leaders.tolist()):
        if leader != place:
            order[leader].absorb(order[place])
    kept = (c for place, c in enumerate(order) if leaders[place] == place)
    return sorted(kept, key=lambda c: c.id)


class _Tally:
    """Adds the counts of chunks up."""

    def __init__(self) -> None:
        self.totals = Counter[str]()
        self.dropped, self.personal = Counter[str](), Counter[str]()
        self.sentences: list[str] = []
        self.sample: list[dict[str, str]] = []

    def add(self, chunk: Mapping[str, Any]) -> None:
        self.totals.update({name: chunk[name] for name in ("read", "unread")})
        self.totals["rows"] += len(chunk["rows"])
        self.dropped.update(chunk["noise"])
        self.personal.update(chunk["personal"])
        self.sentences = [*self.sentences, *chunk["sentences"]][:SENTENCES]
        self.sample = choose_sample([*self.sample, *chunk["sample"]])

    def summary(self, exact: Sequence[Candidate], near: Sequence[Candidate]) -> dict[str, Any]:
        languages, different = Counter[str](), Counter[str]()
        for candidate in near:
            languages[candidate.language] += candidate.count
            different[candidate.language] += 1
        return {
            "read": self.totals["read"],
            "unread": self.totals["unread"],
            "unread_first": self.sentences,
            "dropped": {name: n for name, n in self.dropped.items() if n},
            "enquiries": self.totals["rows"],
            "duplicates": {
                "exact": self.totals["rows"] - len(exact),
                "near": len(exact) - len(near),
            },
            "candidates": len(near),
            "languages": _ranked(languages),
            "candidates_by_language": _ranked(different),
            "personal": _ranked(self.personal),
            "wrong_language": sum(c.wrong_language for c in near),
            "mixed": sum(c.mixed for c in near),
        }


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
