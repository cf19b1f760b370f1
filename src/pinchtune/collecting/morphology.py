"""How words change in a language, as far as a term must be recognised in a text.

A language is a row of the table: either it has a stemmer, or the row says what may stand
before a word, what may fall off its end, and how many letters may come instead. A language
without a row takes words as they are. Languages that set no spaces are not here: their terms
are looked for as stretches of text.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

from pinchtune.data.values import load_library
from pinchtune.languages import get_language
from pinchtune.patterns import compile_pattern


class Morphology(NamedTuple):
    """One row of the table."""

    stemmer: str = ""
    """Algorithm of snowballstemmer; the rest of the row counts only without one."""
    heads: tuple[str, ...] = ()
    """What may be written before a word of the text, longest first."""
    articles: tuple[str, ...] = ()
    """What may be written before the term itself."""
    drop: str = ""
    """Pattern of what may fall off the end of a term."""
    grow: int = 0
    """Letters by which a form may be longer than the term."""
    shortest: int = 3
    """Letters that always stay; a shorter term has no forms."""


# ruff: noqa: RUF001
_STEMMERS = """
bs:serbian ca:catalan da:danish de:german el:greek en:english es:spanish et:estonian eu:basque
fa:persian fi:finnish fr:french ga:irish hi:hindi hr:serbian hu:hungarian hy:armenian
id:indonesian it:italian lt:lithuanian ms:indonesian ne:nepali nl:dutch nn:norwegian
no:norwegian pl:polish pt:portuguese ro:romanian ru:russian sr:serbian sv:swedish ta:tamil
"""
# The stemmers for Arabic, Czech and Turkish cut one word in several ways; these rows do not.
_ENDINGS = r"""
af grow=2
am heads=በ,ለ,የ,ከ grow=3
ar heads=و,ف,ب,ك,ل,ال,وال,فال,بال,كال,لل,ولل,فلل,وب,ول,وبال,وكال,فبال articles=ال drop=ه grow=3
az drop=[kpçt] grow=7
be drop=.?[аеёіоуыэюяй] grow=2
bg drop=.?[аеиоуъюяй] grow=3
bn drop=\p{M} grow=4
cs drop=.?[aeiouyáéíóúůýě] grow=2
gu drop=\p{M} grow=3
he heads=ה,ו,ב,כ,ל,מ,ש,וה,וב,וכ,ול,ומ,וש,שה,מה,כש,שב,של,שמ articles=ה drop=[הת] grow=2
is drop=[aiur]{1,2} grow=3
jv grow=3
ka drop=[აეიოუ] grow=4
kk drop=[кқпт] grow=7
kn drop=\p{M}{1,2} grow=5
ko grow=3 shortest=2
lv drop=[aeiouāēīūsš]{1,2} grow=2
mk drop=.?[аеиоујљ] grow=3
ml drop=\p{M}{1,2} grow=5
mn drop=[аэиоуөүь] grow=5
mr drop=\p{M} grow=5
pa drop=\p{M} grow=2
ps drop=[هاېی] grow=3
rw heads=umu,aba,imi,ama,iki,ibi,ubu,uku,in articles=umu,aba,imi,ama,iki,ibi,ubu,uku,in
si drop=\p{M} grow=4
sk drop=.?[aeiouyáéíóúýä] grow=2
sl drop=.?[aeiou] grow=2
so drop=[aeiou] grow=3
sq drop=[aeëiu] grow=3
sw heads=m,wa,ki,vi,ma,mi,u articles=m,wa,ki,vi,ma,mi,u grow=3
te drop=\p{M}{1,2} grow=5
tr drop=[kpçt] grow=7
uk drop=.?[аеєиіїоуюяй] grow=2
ur drop=[ایہے] grow=3
uz drop=[kq] grow=6
xh heads=um,umu,aba,ama,imi,isi,izi,in,izin,ubu,uku articles=um,aba,ama,imi,isi,izi,in grow=3
zu heads=um,umu,aba,ama,imi,isi,izi,in,izin,ubu,uku articles=um,aba,ama,imi,isi,izi,in grow=3
"""


def _parse(row: str) -> tuple[str, Morphology]:
    code, *facts = row.split()
    given = dict(fact.split("=", 1) for fact in facts)
    heads, articles = (
        tuple(sorted(filter(None, given.get(name, "").split(",")), key=len, reverse=True))
        for name in ("heads", "articles")
    )
    grow, shortest = int(given.get("grow", 0)), int(given.get("shortest", 3))
    return code, Morphology("", heads, articles, given.get("drop", ""), grow, shortest)


MORPHOLOGY: dict[str, Morphology] = {
    **{code: Morphology(name) for code, name in (s.split(":") for s in _STEMMERS.split())},
    **dict(_parse(row) for row in _ENDINGS.strip().splitlines()),
}

# Spellings of one letter: what people leave out or set differently as they type.
_LETTERS = {
    "ar": str.maketrans("أإآٱىةؤئ", "اااايهوي"),
    "az": {ord("I"): "ı", ord("İ"): "i"},
    "fa": str.maketrans("يكىأإآة", "یکیاااه"),
    "he": str.maketrans("ךםןףץ", "כמנפצ"),
    "tr": {ord("I"): "ı", ord("İ"): "i"},
    "ur": str.maketrans("يكى", "یکی"),
}
_MARKS = frozenset({"ar", "fa", "he", "ps", "ur"})
"""Languages whose vowel signs are usually not written."""


class Word(NamedTuple):
    """A word of a text."""

    raw: str
    """As it was written."""
    bodies: tuple[str, ...]
    """Its stem, or what it is with and without what stands before it."""


class Part(NamedTuple):
    """A word of a term, and which words of a text it is."""

    root: str
    longest: int
    exact: bool = False
    """True for short capitals (VAT, US), which are other words in small letters."""

    def fits(self, word: Word) -> bool:
        """Return True if `word` is a form of this one."""
        if self.exact:
            return leading_capitals(word.raw) == self.root
        return any(len(body) <= self.longest and body.startswith(self.root) for body in word.bodies)


def fold(text: str, language: str) -> str:
    """Return `text` without differences of spelling that mean nothing in `language`."""
    code = get_language(language).code
    # Joiners and marks of direction are invisible, and set or left out as it comes.
    plain = compile_pattern(r"\p{Cf}").sub("", unicodedata.normalize("NFKC", text))
    if code in _MARKS:
        plain = compile_pattern(r"\p{M}|ـ").sub("", unicodedata.normalize("NFD", plain))
        plain = unicodedata.normalize("NFC", plain)
    return unicodedata.normalize("NFC", plain.translate(_LETTERS.get(code, {})).casefold())


def split_words(text: str) -> list[str]:
    """Return the words of `text` as they are written; signs between them are left out."""
    plain = compile_pattern(r"\p{Cf}").sub("", unicodedata.normalize("NFKC", text))
    found: list[str] = compile_pattern(r"[\p{L}\p{M}\p{N}]+").findall(plain)
    return found


def leading_capitals(word: str) -> str:
    """Return the capitals that a word begins with: `PC` for `PCs`."""
    return word[: next((i for i, char in enumerate(word) if not char.isupper()), len(word))]


@lru_cache(maxsize=65_536)
def read_word(raw: str, language: str) -> Word:
    """Return a word of a text with what it may be a form of."""
    code = get_language(language).code
    rules = MORPHOLOGY.get(code, Morphology())
    folded = fold(raw, code)
    if rules.stemmer:
        return Word(raw, (_stem(folded, rules.stemmer),))
    return Word(raw, _strip(folded, rules.heads, rules.shortest))


def read_part(raw: str, language: str) -> Part:
    """Return what the forms of a word of a term have in common."""
    code = get_language(language).code
    if 2 <= len(raw) <= 3 and leading_capitals(raw) == raw:
        return Part(raw, len(raw), exact=True)
    rules = MORPHOLOGY.get(code, Morphology())
    folded = fold(raw, code)
    if rules.stemmer:
        stem = _stem(folded, rules.stemmer)
        return Part(stem, len(stem))
    body = _strip(folded, rules.articles, rules.shortest)[-1]
    if len(body) < rules.shortest:
        return Part(body, len(body))
    ending = compile_pattern(f"(?:{rules.drop})$").search(body) if rules.drop else None
    kept = max(rules.shortest, ending.start()) if ending else len(body)
    return Part(body[:kept], len(body) + rules.grow)


def _strip(word: str, heads: tuple[str, ...], shortest: int) -> tuple[str, ...]:
    """Return the word, and what is left of it without each head that it has; shortest last."""
    bare = [word[len(h) :] for h in heads if word.startswith(h) and len(word) - len(h) >= shortest]
    return (word, *sorted(bare, key=len, reverse=True))


def _stem(word: str, algorithm: str) -> str:
    stem: str = _stemmer(algorithm).stemWord(word)
    return stem


@lru_cache
def _stemmer(algorithm: str) -> Any:
    return load_library("snowballstemmer", "web").stemmer(algorithm)
