"""Which terms of the trade a text uses, and which terms no approved example uses yet.

Matching tolerates inflection where a language inflects (see morphology): better a form too
many than a term that an author used and is told to be missing. In a language without spaces a
term is a stretch of text that begins and ends where a word can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from pinchtune.collecting.morphology import (
    Part,
    Word,
    fold,
    leading_capitals,
    read_part,
    read_word,
    split_words,
)
from pinchtune.collecting.termsheets import TermSheet, read_terms
from pinchtune.languages import get_language
from pinchtune.patterns import compile_pattern
from pinchtune.store.records import Row, Term, Text

__all__ = ["Coverage", "TermSheet", "coverage", "find_terms", "read_terms"]


class Coverage(NamedTuple):
    """What the approved examples of a language cover."""

    covered: tuple[Term, ...]
    missing: tuple[Term, ...]
    """Those that most enquiries contain first."""
    share: float
    """Covered terms among all, 0 to 1; 0 if there are none."""
    enquiry_share: float
    """The same with each term counted as often as enquiries contain it; 0 if none do."""


def find_terms(text: str, language: str, terms: Sequence[Term]) -> list[Term]:
    """Return those of `terms` that are of `language` and that `text` uses, in their order."""
    return make_matcher(language, terms).find(text)


def find_in(text: Text, language: str, terms: Sequence[Term]) -> list[Term]:
    """Return the terms that an example uses, in its instruction or its response."""
    return find_terms(join(text), language, terms)


def join(text: Text) -> str:
    """Return all of an example in which terms are looked for."""
    return f"{text.instruction}\n\n{text.response}"


def make_matcher(language: str, terms: Sequence[Term]) -> Matcher:
    """Return what finds `terms` in texts, for whoever has many texts."""
    return _matcher(get_language(language).code, tuple(terms))


def coverage(rows: Iterable[Row], terms: Sequence[Term], language: str) -> Coverage:
    """Return what the approved ones among `rows` cover of the terms of `language`."""
    code = get_language(language).code
    mine = [term for term in terms if get_language(term.language).code == code]
    used: set[Term] = set()
    matcher = make_matcher(code, mine)
    for row in rows:
        if row.status == "approved" and get_language(row.language).code == code:
            used.update(matcher.find(join(row.text)))
    missing = [term for term in mine if term not in used]
    missing.sort(key=lambda term: (-term.enquiries, term.term))
    asked = sum(term.enquiries for term in mine)
    return Coverage(
        tuple(term for term in mine if term in used),
        tuple(missing),
        len(used) / len(mine) if mine else 0.0,
        sum(term.enquiries for term in used) / asked if asked else 0.0,
    )


@lru_cache(maxsize=32)
def _matcher(language: str, terms: tuple[Term, ...]) -> Matcher:
    mine = [term for term in terms if get_language(term.language).code == language]
    if get_language(language).spaced:
        return _WordMatcher(language, mine)
    return _StretchMatcher(language, mine)


class Matcher:
    """Finds terms of one language; made once for a glossary and then asked often."""

    def __init__(self, language: str, terms: Sequence[Term]) -> None:
        self.language, self.terms = language, terms
        for i, term in enumerate(terms):
            for form in (term.term, *term.variants):
                self.add(i, form)

    def add(self, i: int, form: str) -> None:
        """Make one spelling of term `i` findable."""
        raise NotImplementedError

    def indices(self, text: str) -> Iterator[int]:
        """Yield the numbers of the terms in `text`, in any order and perhaps repeatedly."""
        raise NotImplementedError

    def find(self, text: str) -> list[Term]:
        """Return the terms in `text`, in the order of the glossary."""
        return [self.terms[i] for i in sorted(set(self.indices(text)))]


class _WordMatcher(Matcher):
    """Terms as sequences of words."""

    def __init__(self, language: str, terms: Sequence[Term]) -> None:
        self.forms: dict[str, list[tuple[tuple[Part, ...], int]]] = defaultdict(list)
        self.starts = lru_cache(maxsize=20_000)(self._find_starts)
        super().__init__(language, terms)

    def add(self, i: int, form: str) -> None:
        parts = tuple(read_part(word, self.language) for word in split_words(form))
        if parts:
            self.forms[parts[0].root].append((parts, i))

    def indices(self, text: str) -> Iterator[int]:
        words = [read_word(word, self.language) for word in split_words(text)]
        for start, word in enumerate(words):
            for parts, i in self.starts(word):
                following = words[start : start + len(parts)]
                if len(following) == len(parts) and all(
                    part.fits(other) for part, other in zip(parts, following, strict=True)
                ):
                    yield i

    def _find_starts(self, word: Word) -> list[tuple[tuple[Part, ...], int]]:
        """Return the forms that may begin with a word."""
        roots = {body[:n] for body in word.bodies for n in range(1, len(body) + 1)}
        roots.add(leading_capitals(word.raw))
        return [
            (parts, i)
            for root in sorted(roots)
            for parts, i in self.forms.get(root, ())
            if parts[0].fits(word)
        ]


# A short word in these letters is easily a piece of another one: フライト holds ライト.
_KATAKANA = r"[\p{Katakana}ー]"
_SHORT_KATAKANA = rf"{_KATAKANA}{{1,3}}"
_ALPHABET = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{N}]"
_OKURIGANA = r"(?<=\p{Han}{2})\p{Hiragana}{1,2}$"


class _StretchMatcher(Matcher):
    """Terms as stretches of a text without spaces."""

    def __init__(self, language: str, terms: Sequence[Term]) -> None:
        self.forms: dict[str, list[tuple[str, int]]] = defaultdict(list)
        super().__init__(language, terms)

    def add(self, i: int, form: str) -> None:
        folded = self._fold(form)
        # The ending of a Japanese verb changes: 見積もる, 見積もり.
        folded = compile_pattern(_OKURIGANA).sub("", folded)
        if folded:
            self.forms[folded[:2]].append((folded, i))

    def indices(self, text: str) -> Iterator[int]:
        folded = self._fold(text)
        for start in range(len(folded)):
            for key in {folded[start], folded[start : start + 2]}:
                for form, i in self.forms.get(key, ()):
                    if folded.startswith(form, start) and _stands_alone(
                        form, folded, start, start + len(form)
                    ):
                        yield i

    def _fold(self, text: str) -> str:
        return " ".join(fold(text, self.language).split())


def _stands_alone(form: str, text: str, start: int, end: int) -> bool:
    """Return False if the stretch begins or ends inside a letter or a word that is set apart."""
    after = text[end : end + 1]
    if compile_pattern(r"\p{M}").match(after):
        return False
    before = text[start - 1 : start] if start else ""
    if compile_pattern(_SHORT_KATAKANA).fullmatch(form):
        return not any(compile_pattern(_KATAKANA).match(char) for char in (before, after))
    alphabet = compile_pattern(_ALPHABET)
    return not (alphabet.match(form[0]) and alphabet.match(before)) and not (
        alphabet.match(form[-1]) and alphabet.match(after)
    )
