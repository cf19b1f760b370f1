"""What a person should know about an example while they write it.

Hints stop nothing by themselves. A severe one should be mended before the example is handed
in; the others are worth a look. A hint is a kind with values: the sentence belongs to whoever
shows it, in the language of the reader.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from pinchtune.collecting.near import NearIndex
from pinchtune.collecting.terms import find_in, join, make_matcher
from pinchtune.data.checks import MAX_CHARACTERS, contradicts, guess_language, is_blank
from pinchtune.data.personal import find_personal
from pinchtune.data.textchecks import is_truncated, name_damage
from pinchtune.languages import Identifier, get_language
from pinchtune.records import Example
from pinchtune.store.records import Term, Text

KINDS = (
    "empty",
    "long",
    "encoding",
    "bidi",
    "language",
    "personal",
    "overlap",
    "near-duplicate",
    "truncated",
    "terms",
)
"""All kinds, the gravest first."""
MILD = frozenset({"near-duplicate", "truncated", "terms"})
"""Kinds that are often all right."""
# Overrides, embeddings and isolates make a text look different from what it is. The plain
# marks of direction (U+200E, U+200F, U+061C) are ordinary in Arabic and Hebrew.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_COMMON = frozenset(
    {
        *("ar", "cs", "de", "en", "es", "fi", "fr", "he", "hi", "id", "it", "ja"),
        *("ko", "nl", "pl", "pt", "ru", "sv", "sw", "th", "tr", "uk", "vi", "zh"),
    }
)
"""Languages that a text is identified among, beside the declared one."""

_NEAR: defaultdict[str, NearIndex] = defaultdict(NearIndex)
_EVALUATED: defaultdict[str, NearIndex] = defaultdict(NearIndex)


class Hint(NamedTuple):
    """Something worth knowing about an example."""

    kind: str
    """One of KINDS."""
    field: str
    """`instruction` or `response`; empty for the example as a whole."""
    values: dict[str, Any]
    severe: bool


def check_text(
    text: Text,
    language: str,
    *,
    others: Sequence[tuple[str, str]] = (),
    terms: Sequence[Term] = (),
    evaluated: Sequence[Example] = (),
) -> list[Hint]:
    """Return the hints on an example, the gravest first.

    `others` are (id, instruction) of the language's other examples, without this one;
    `evaluated` are the evaluation prompts.
    """
    code = get_language(language).code
    prompts = _prompts(evaluated, code)
    near = _NEAR[code].find(text.instruction, others) if others else None
    overlap = _EVALUATED[code].find(text.instruction, prompts) if prompts else None
    used = find_in(text, code, terms) if terms else []
    return _gather(text, code, (near, dict(others).get(near or "", "")), overlap, used)


def check_texts(
    texts: Sequence[Text],
    language: str,
    *,
    others: Sequence[tuple[str, str]] = (),
    terms: Sequence[Term] = (),
    evaluated: Sequence[Example] = (),
) -> list[list[Hint]]:
    """Return what `check_text` returns for each of many texts, in a fraction of the time.

    Nobody who writes meanwhile waits for it: the indices are its own.
    """
    code = get_language(language).code
    index, prompts = NearIndex(), NearIndex()
    index.find("", others)
    prompts.find("", _prompts(evaluated, code))
    known, matcher = dict(others), make_matcher(code, terms)
    # One check for all texts after the other: its tables stay in the processor's cache.
    near = [index.find_known(text.instruction) for text in texts]
    overlaps = [prompts.find_known(text.instruction) for text in texts]
    used = [matcher.find(join(text)) if terms else [] for text in texts]
    return [
        _gather(text, code, (found, known.get(found or "", "")), overlap, found_terms)
        for text, found, overlap, found_terms in zip(texts, near, overlaps, used, strict=True)
    ]


def _gather(
    text: Text,
    language: str,
    near: tuple[str | None, str],
    overlap: str | None,
    used: Sequence[Term],
) -> list[Hint]:
    """Return all hints, the gravest first; `near` is an example's id and instruction."""
    found = [*_check_fields(text, language)]
    blank = is_blank(text.instruction)
    if overlap is not None and not blank:
        found.append(_hint("overlap", "instruction", id=overlap))
    if near[0] is not None and not blank:
        found.append(_hint("near-duplicate", "instruction", id=near[0], text=near[1]))
    if used:
        found.append(_hint("terms", "", terms=[term.term for term in used]))
    return sorted(found, key=lambda hint: KINDS.index(hint.kind))


def prepare(language: str, others: Sequence[tuple[str, str]]) -> None:
    """Build the index of a language beforehand, so that the first check is as quick as others."""
    _NEAR[get_language(language).code].find("", others)


def find_repeated(texts: Sequence[tuple[str, str]]) -> list[tuple[str, Hint]]:
    """Return (key, hint) for texts, (key, text) each, that are near to one before."""
    index, known = NearIndex(), dict(texts)
    found = []
    for key, text in texts:
        if is_blank(text):
            continue
        near = index.find_known(text)
        if near is None:
            index.add(key, text)
        else:
            hint = _hint("near-duplicate", "instruction", id=near, text=known[near])
            found.append((key, hint))
    return found


def _hint(kind: str, field: str, **values: object) -> Hint:
    return Hint(kind, field, values, kind not in MILD)


def _check_fields(text: Text, language: str) -> Iterator[Hint]:
    length = len(text.instruction) + len(text.response)
    if length > MAX_CHARACTERS:
        yield _hint("long", "", characters=length, limit=MAX_CHARACTERS)
    for field, value in (("instruction", text.instruction), ("response", text.response)):
        if is_blank(value):
            yield _hint("empty", field)
            continue
        yield from _check_characters(field, value[: 2 * MAX_CHARACTERS])
        yield from _check_language(field, value[: 2 * MAX_CHARACTERS], language)
    if not is_blank(text.response) and is_truncated(text.response):
        yield _hint("truncated", "response")


def _check_characters(field: str, text: str) -> Iterator[Hint]:
    for damage in name_damage(text):
        yield _hint("encoding", field, what=damage.kind, piece=damage.piece)
    hidden = sorted(set(_BIDI.findall(text)))
    if hidden:
        yield _hint("bidi", field, codes=[f"U+{ord(char):04X}" for char in hidden])
    first = {finding.kind: finding.text for finding in reversed(find_personal(text))}
    for kind in sorted(first):
        yield _hint("personal", field, what=kind, text=first[kind])


def _check_language(field: str, text: str, language: str) -> Iterator[Hint]:
    guess = guess_language(text, _identifier(language))
    if contradicts(guess, language):
        yield _hint("language", field, found=guess.language, declared=language)


def _identifier(language: str) -> Identifier:
    return _make_identifier(_COMMON | {language})


@lru_cache
def _make_identifier(candidates: frozenset[str]) -> Identifier:
    return Identifier(candidates)


def _prompts(evaluated: Iterable[Example], language: str) -> list[tuple[str, str]]:
    """Return (id, prompt) of the evaluation prompts in a language."""
    return [
        (e.id, e.prompt)
        for e in evaluated
        if e.language and get_language(e.language).code == language
    ]
