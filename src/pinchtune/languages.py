"""The language table, and which language a text is in.

A language is a row of the table, never an `if`. Identification is restricted to the
languages that a project expects: first the script of the letters rules candidates out, then
py3langid ranks what is left. Restricted so, it is right on 99 % of five-word texts, where
the same model over all its labels is right on 94 %.

This module knows nothing of files, models or projects.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.patterns import compile_pattern

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "unknown"
MIN_LETTERS = 12
"""A line with fewer letters is too short to tell: on our starter examples in 13 languages all
longer lines are identified rightly, and 1 in 9 of the shorter ones is not."""
MARGIN = 0.05
"""Least distance between the two likeliest languages; below it the answer is `unknown`."""


class Language(NamedTuple):
    """One row of the table."""

    code: str
    """BCP-47 tag, also the label of both identifiers."""
    family: str
    """Branch of its family, as in Glottolog's common names."""
    scripts: tuple[str, ...]
    """ISO 15924 codes that its letters are written in, the usual one first."""
    spaced: bool = True
    """False if words are not separated by spaces."""
    close: tuple[str, ...] = ()
    """Languages that identifiers take it for."""

    @property
    def stock(self) -> str:
        """Family that its branch belongs to; a branch without relatives is its own."""
        return _STOCKS.get(self.family, self.family)


_STOCKS = {
    branch: stock
    for stock, branches in {
        "Afro-Asiatic": "Chadic Cushitic Semitic",
        "Atlantic-Congo": "Bantu Volta-Niger",
        "Austroasiatic": "Khmer Vietic",
        "Austronesian": "Barito Javanesic Malayic Philippine",
        "Indo-European": "Albanian Armenian Baltic Celtic Germanic Hellenic Indo-Aryan Iranian"
        " Romance Slavic",
        "Sino-Tibetan": "Burmish Sinitic",
        "Uralic": "Finnic Ugric",
    }.items()
    for branch in branches.split()
}
"""Families of more than one branch, as in Glottolog."""

_ROWS = """
af Germanic Latn | nl
am Semitic Ethi
ar Semitic Arab | fa,ur
az Turkic Latn | tr
be Slavic Cyrl | ru,uk
bg Slavic Cyrl | mk
bn Indo-Aryan Beng
bs Slavic Latn,Cyrl | hr,sr
ca Romance Latn | es
cs Slavic Latn | sk
cy Celtic Latn
da Germanic Latn | no,nn
de Germanic Latn
el Hellenic Grek
en Germanic Latn
es Romance Latn | gl,ca,pt
et Finnic Latn | fi
eu Basque Latn
fa Iranian Arab | ar
fi Finnic Latn | et
fr Romance Latn
ga Celtic Latn
gl Romance Latn | pt,es
gu Indo-Aryan Gujr
ha Chadic Latn
he Semitic Hebr
hi Indo-Aryan Deva | mr,ne
hr Slavic Latn | bs,sr
hu Ugric Latn
hy Armenian Armn
id Malayic Latn | ms
ig Volta-Niger Latn
is Germanic Latn
it Romance Latn
ja Japonic Jpan -
jv Javanesic Latn | id
ka Kartvelian Geor
kk Turkic Cyrl
km Khmer Khmr -
kn Dravidian Knda
ko Koreanic Kore
lo Tai Laoo -
lt Baltic Latn
lv Baltic Latn
mg Barito Latn
mk Slavic Cyrl | bg
ml Dravidian Mlym
mn Mongolic Cyrl
mr Indo-Aryan Deva | hi
ms Malayic Latn | id
mt Semitic Latn
my Burmish Mymr -
ne Indo-Aryan Deva | hi
nl Germanic Latn | af
nn Germanic Latn | no,da
no Germanic Latn | nn,da
pa Indo-Aryan Guru,Arab
pl Slavic Latn
ps Iranian Arab
pt Romance Latn | gl,es
ro Romance Latn
ru Slavic Cyrl | be,uk,bg
rw Bantu Latn
si Indo-Aryan Sinh
sk Slavic Latn | cs
sl Slavic Latn | hr
so Cushitic Latn
sq Albanian Latn
sr Slavic Cyrl,Latn | hr,bs
sv Germanic Latn | no,da
sw Bantu Latn
ta Dravidian Taml
te Dravidian Telu
th Tai Thai -
tl Philippine Latn
tr Turkic Latn | az
uk Slavic Cyrl | ru,be
ur Indo-Aryan Arab | ar
uz Turkic Latn,Cyrl
vi Vietic Latn
xh Bantu Latn | zu
yo Volta-Niger Latn
zh Sinitic Hans,Hant -
zu Bantu Latn | xh
"""


def _parse(row: str) -> Language:
    facts, _, close = row.partition("|")
    code, family, scripts, *flags = facts.split()
    neighbours = tuple(close.strip().split(",")) if close.strip() else ()
    return Language(code, family, tuple(scripts.split(",")), "-" not in flags, neighbours)


LANGUAGES = {row.code: row for row in map(_parse, _ROWS.strip().splitlines())}

_LETTERS = {
    "Jpan": r"\p{Hiragana}\p{Katakana}\p{Han}ー",
    "Hans": r"\p{Han}",
    "Hant": r"\p{Han}",
    "Kore": r"\p{Hangul}",
    "Hira": r"\p{Hiragana}ー",
    "Kana": r"\p{Katakana}ー",
}
"""Letters of writing systems that are not one Unicode script; others use their own name."""
SCRIPTS = frozenset(_LETTERS) | {script for row in LANGUAGES.values() for script in row.scripts}
"""ISO 15924 codes of the writing systems that can be told."""
_RTL_SCRIPTS = frozenset({"Arab", "Hebr"})
_SIGNATURE = {"Jpan": r"[\p{Hiragana}\p{Katakana}]"}
"""Letters without which a text in shared letters is hardly of this writing system."""


def get_language(code: str) -> Language:
    """Return the table's row for a BCP-47 tag (`pt-BR` finds `pt`); UsageError if there is none."""
    primary = code.replace("_", "-").split("-")[0].lower()
    if primary not in LANGUAGES:
        known = " ".join(LANGUAGES)
        raise UsageError(f"unknown language {code!r}; use one of: {known}")
    return LANGUAGES[primary]


def is_rtl(code: str) -> bool:
    """True if the language is written from right to left."""
    return get_language(code).scripts[0] in _RTL_SCRIPTS


def language_name(code: str, locale: str = "en") -> str:
    """Return the language's name in `locale`: `Japanese`, `日本語`."""
    from babel import Locale

    name: str = Locale.parse(locale).languages.get(get_language(code).code, code)
    return name


def letter_pattern(script: str) -> Any:
    """Return the pattern of one letter of a writing system."""
    inner = _LETTERS.get(script, rf"\p{{Script={script}}}")
    return compile_pattern(rf"[[{inner}]&&[\p{{L}}\p{{M}}ー]]")


def script_share(text: str, script: str) -> float:
    """Return the share of the letters of `text` that belong to `script` (0 without letters)."""
    return _ScriptShares(text)(script)


class _ScriptShares:
    """Shares of the scripts in one text: looks at each different character once."""

    def __init__(self, text: str) -> None:
        self.counts = Counter(text)
        self.distinct = "".join(self.counts)
        self.letters = self._count(compile_pattern(r"[\p{L}\p{M}]"))
        self.known: dict[str, float] = {}

    def __call__(self, script: str) -> float:
        if script not in self.known:
            found = self._count(letter_pattern(script))
            self.known[script] = found / self.letters if self.letters else 0.0
        return self.known[script]

    def _count(self, pattern: Any) -> int:
        return sum(self.counts[char] for char in pattern.findall(self.distinct))


def count_letters(text: str) -> int:
    """Return the number of letters and of the marks that belong to letters."""
    return sum(unicodedata.category(char)[0] in "LM" for char in text)


class Guess(NamedTuple):
    """What an identifier says: the language or `unknown`, and how likely it is."""

    language: str
    probability: float


class Identifier:
    """Identifies the language of texts among `candidates`, in about 50 µs a text."""

    def __init__(self, candidates: Iterable[str]) -> None:
        self.candidates = sorted({get_language(code).code for code in candidates})
        if not self.candidates:
            raise UsageError("language identification needs at least one candidate language")

    @cached_property
    def _model(self) -> LanguageIdentifier:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        model.set_languages(self.candidates)
        return model

    def identify(self, text: str) -> Guess:
        """Return the likeliest candidate; `unknown` for no letters, a foreign script or a tie."""
        share = _ScriptShares(text)
        eligible = [code for code in self.candidates if self._written_in(text, code, share)]
        if len(eligible) < 2:
            return Guess(eligible[0], 1.0) if eligible else Guess(UNKNOWN, 0.0)
        ranked = [(code, p) for code, p in self._model.rank(text) if code in eligible]
        total = sum(p for _, p in ranked) or 1.0
        (best, first), (_, second) = ranked[0], ranked[1]
        certain = (first - second) / total >= MARGIN
        return Guess(best if certain else UNKNOWN, first / total)

    def allows(self, text: str, code: str) -> bool:
        """Return True if the letters of a text are those of a language."""
        return self._written_in(text, code, _ScriptShares(text))

    def odds(self, text: str, code: str, other: str) -> float:
        """Return the probability of one candidate if it is either that or the other."""
        found = dict(self._model.rank(text))
        one, two = found.get(code, 0.0), found.get(other, 0.0)
        return one / (one + two) if one + two else 0.5

    def majority(self, texts: Iterable[str]) -> str:
        """Return the language of most texts, weighted by length; `unknown` if there is none."""
        votes: Counter[str] = Counter()
        for text in texts:
            votes[self.identify(text).language] += len(text)
        votes.pop(UNKNOWN, None)
        return votes.most_common(1)[0][0] if votes else UNKNOWN

    @staticmethod
    def _written_in(text: str, code: str, share: _ScriptShares) -> bool:
        """True if most letters are of the language's scripts, its own letters among them."""
        import regex

        for script in LANGUAGES[code].scripts:
            if share(script) <= 0.5:
                continue
            signature = _SIGNATURE.get(script)
            if signature is None or len(text) < 8 or regex.search(signature, text):
                return True
        return False
