"""What a mining run has found, as people read it: groups of enquiries, their texts, incidents.

Groups and counts are small and read at once. Texts are read through to the end, and of them the
most asked of each group and language are kept: whoever shows them need not hold the others.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.files import RunFolder, read_json, read_jsonl
from pinchtune.languages import UNKNOWN

COUNTS = (
    *("read", "unread", "dropped", "enquiries", "duplicates", "candidates"),
    *("languages", "personal", "wrong_language"),
)
"""What summary.json tells that is shown."""
KEPT = 8
"""Texts of a group and a language that are kept."""
ROWS = 5
"""Incidents of a pair of languages that are kept."""
SHORT = {UNKNOWN: "?"}
"""What stands for a language that has no code where its name has no room."""
NAMED = 3
"""Terms that name a group where it is named in a line."""


@dataclass(frozen=True)
class Group:
    """Enquiries about the same subject."""

    number: int
    """0 is asked most."""
    terms: tuple[str, ...]
    candidates: int
    """Different questions."""
    enquiries: int
    """How often they were asked."""
    languages: Mapping[str, int]
    """How often by language, most first."""

    @property
    def name(self) -> str:
        """The first terms in a line; empty if it has none."""
        return ", ".join(self.terms[:NAMED])

    def asked_in(self, languages: Collection[str]) -> int:
        """Return how often it was asked in some languages."""
        return sum(n for code, n in self.languages.items() if code in languages)


@dataclass(frozen=True)
class Mined:
    """A finished run: its counts and its groups."""

    key: str
    """Key of the run."""
    summary: Mapping[str, Any]
    """The counts of summary.json."""
    groups: tuple[Group, ...]
    """Asked most first."""

    @cached_property
    def languages(self) -> dict[str, int]:
        """How often each language was asked in, most first."""
        return dict(self.summary["languages"])

    def group(self, number: int) -> Group | None:
        """Return a group; None if there is none of this number."""
        return next((group for group in self.groups if group.number == number), None)


class Question(NamedTuple):
    """An enquiry in one wording."""

    id: str
    group: int
    language: str
    text: str
    times: int
    """How often it was asked in about these words."""
    wrong: int
    """How often it was answered in another language."""


def short(language: str) -> str:
    """Return what stands for a language on a picture."""
    return SHORT.get(language, language)


class Incident(NamedTuple):
    """A question and an answer in another language."""

    language: str
    answer_language: str
    text: str
    answer: str


class Pair(NamedTuple):
    """All answers in one language to questions in another."""

    language: str
    answer_language: str
    times: int
    rows: tuple[Incident, ...]
    """Some of them."""


@dataclass(frozen=True)
class Questions:
    """The texts of a run that are worth showing."""

    asked: Mapping[tuple[int, str], tuple[Question, ...]]
    """By group and language, asked most first."""
    pairs: tuple[Pair, ...]
    """Most frequent first."""

    @cached_property
    def _by_id(self) -> dict[str, Question]:
        return {one.id: one for found in self.asked.values() for one in found}

    def find(self, id: str) -> Question | None:
        """Return a question; None if it is none of those that were kept."""
        return self._by_id.get(id)

    @cached_property
    def _folded(self) -> dict[tuple[int, str], str]:
        return {
            key: "\n".join(_fold(one.text) for one in found) for key, found in self.asked.items()
        }

    def holds(self, group: Group, languages: Collection[str], words: str) -> bool:
        """Say whether a group's terms, or its texts in some languages, hold some words."""
        sought = _fold(words.strip())
        texts = (self._folded.get((group.number, code), "") for code in languages)
        return any(sought in text for text in (_fold("\n".join(group.terms)), *texts))

    def most_asked(self, group: Group, languages: Collection[str]) -> list[Question]:
        """Return the questions of a group in some languages, asked most first."""
        found = [one for code in languages for one in self.asked.get((group.number, code), ())]
        return sorted(found, key=lambda one: (-one.times, one.id))


NO_QUESTIONS = Questions({}, ())


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def read_mined(folder: Path) -> Mined | None:
    """Return counts and groups of the run in `folder`; None if there is no finished one."""
    manifest = RunFolder(folder, "").manifest()
    if manifest is None:
        return None
    groups = (_group(row) for _, row in read_jsonl(folder / "clusters.jsonl"))
    told = read_json(folder / "summary.json")
    summary = {name: told[name] for name in COUNTS}
    return Mined(str(manifest["key"]), summary, tuple(groups))


def _group(row: Mapping[str, Any]) -> Group:
    counts = row["candidates"], row["enquiries"], row["languages"]
    return Group(row["cluster"], tuple(row["terms"]), *counts)


def read_questions(folder: Path) -> Questions:
    """Return the most asked texts and some incidents of the finished run in `folder`."""
    candidates = (row for _, row in read_jsonl(folder / "candidates.jsonl"))
    incidents = (row for _, row in read_jsonl(folder / "incidents.jsonl"))
    return Questions(_keep_most_asked(candidates), _pair_up(incidents))


def _keep_most_asked(
    rows: Iterable[Mapping[str, Any]],
) -> dict[tuple[int, str], tuple[Question, ...]]:
    kept: dict[tuple[int, str], list[Question]] = {}
    for row in rows:
        found = kept.setdefault((row["cluster"], row["language"]), [])
        found.append(_question(row))
        if len(found) > 8 * KEPT:
            _cut(found)
    for found in kept.values():
        _cut(found)
    return {key: tuple(found) for key, found in kept.items()}


def _cut(found: list[Question]) -> None:
    found.sort(key=lambda one: (-one.times, one.id))
    del found[KEPT:]


def _question(row: Mapping[str, Any]) -> Question:
    place = row["id"], row["cluster"], row["language"]
    return Question(*place, row["text"], row["count"], row["wrong_language"])


def _pair_up(rows: Iterable[Mapping[str, Any]]) -> tuple[Pair, ...]:
    counts = Counter[tuple[str, str]]()
    shown: dict[tuple[str, str], list[Incident]] = {}
    for row in rows:
        pair = row["language"], row["answer_language"]
        counts[pair] += 1
        kept = shown.setdefault(pair, [])
        if len(kept) < ROWS:
            kept.append(Incident(*pair, row["text"], row["answer"]))
    ranked = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return tuple(Pair(*pair, counts[pair], tuple(shown[pair])) for pair in ranked)
