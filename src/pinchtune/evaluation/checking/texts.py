"""What can be counted in a text of any language, and texts made comparable."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from pinchtune.evaluation.checking.writing import Writing
from pinchtune.languages import script_share
from pinchtune.patterns import compile_pattern

# ruff: noqa: RUF001 - marks of many scripts

# Joiners (zero-width) stand inside words of Hindi, Persian and others.
_WORD = (
    r"[\p{L}\p{M}\p{N}\u200c\u200d]+"
    r"(?:(?:['’ʼ‐‑\-־׳״]|(?<=\p{N})[.,:/٫٬](?=\p{N})|(?<=\p{Hebrew})\"(?=\p{Hebrew}))"
    r"[\p{L}\p{M}\p{N}\u200c\u200d]+)*"
)
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々"
_WORDLY = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]"
"""Characters of words that spaces separate."""
_BULLET = r"^\s*(?:[-*+](?=\s)|[•‣⁃·・◦▪●○■□–—])\s*(?=.*[^\s\-*–—_=])"
_NUMBER = (
    r"^\s*(?:[(（]?\p{Nd}{1,3}\s?[.)）、:：．](?:\s+(?=\S)|(?=[^\s\p{Nd}]))|[①-⑳]\s*(?=\S)"
    r"|[一二三四五六七八九十]+、\s*(?=\S))"
)
LIST_MARKS = {"bullet": _BULLET, "number": _NUMBER, "any": f"{_BULLET}|{_NUMBER}"}
"""Patterns of the beginning of a list item, by kind."""
_CLOSERS = r"[\p{Pe}\p{Pf}\p{Pi}\"'*_]"
_QUOTE_MARKS = "\"'“”„«»‘’‚「」『』״"


def normalise(text: str) -> str:
    """Return `text` without differences of width, composition, letter case and white space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.replace("’", "'").split())


def trim_quotes(text: str) -> str:
    """Return `text` without white space and quotation marks around it."""
    return text.strip(_QUOTE_MARKS + " \t\r\n")


def count_words(text: str) -> int:
    """Return the number of words that spaces separate; `e-mail` and `don't` are one each."""
    return len(compile_pattern(_WORD).findall(text))


def count_characters(text: str) -> int:
    """Return the number of characters that a reader sees, spaces included, line breaks not."""
    return len(compile_pattern(r"\X").findall("".join(text.strip().splitlines())))


def count_term(text: str, term: str) -> int:
    """Return how often `term` stands in `text`, as a whole word where its script has words."""
    return len(_term_pattern(term).findall(normalise(text)))


@cache
def _term_pattern(term: str) -> Any:
    text, wordly = normalise(term), compile_pattern(_WORDLY)
    before = rf"(?<!{_WORDLY})" if wordly.match(text[:1]) else ""
    after = rf"(?!{_WORDLY})" if wordly.match(text[-1:]) else ""
    return compile_pattern(f"{before}{re.escape(text)}{after}")


def list_items(text: str, kind: str = "any", mark: str = "") -> list[str]:
    """Return the lines that begin as items of a list, or with `mark` where it is given."""
    lines = text.splitlines()
    if mark:
        start = normalise(mark)
        return [ln for ln in map(normalise, lines) if ln.startswith(start) and len(ln) > len(start)]
    return [line for line in lines if compile_pattern(LIST_MARKS[kind]).match(line)]


def split_paragraphs(text: str, separator: str = "") -> list[str]:
    """Return the paragraphs of `text`: blank lines part them, or `separator` where it is given.

    A separator at either end parts nothing; two of them in a row have an empty one between.
    """
    if not separator:
        return [part for part in compile_pattern(r"\n\s*\n").split(text.strip()) if part.strip()]
    parts = [part.strip() for part in text.split(separator)]
    first, last = not parts[0], len(parts) > 1 and not parts[-1]
    return parts[first : len(parts) - last]


def split_sentences(text: str, writing: Writing) -> list[str]:
    """Return the sentences of `text`; the end of a line always ends one.

    A full stop after an abbreviation of the table, after a single capital, or before a small
    letter ends none; the last does not hold for a line without capital letters.
    """
    start = compile_pattern(LIST_MARKS["any"])
    lines = [start.sub("", line) for line in text.splitlines()]
    pieces = [piece for line in lines for piece in _split_line(line, writing)]
    return [piece for piece in pieces if compile_pattern(r"[\p{L}\p{N}]").search(piece)]


def _split_line(line: str, writing: Writing) -> list[str]:
    capitals = bool(compile_pattern(r"\p{Lu}").search(line))
    ends = _ending_pattern(writing.ends, writing.spaced_ends, capitals)
    cuts = [0]
    for end in ends.finditer(line):
        if not _abbreviates(line[cuts[-1] : end.start()], end[0], writing):
            cuts.append(end.end())
    return [line[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(line)], strict=True)]


def _abbreviates(before: str, mark: str, writing: Writing) -> bool:
    """Return True if the full stop `mark` belongs to the last word of `before`."""
    if not mark.startswith(".") or mark.startswith(".."):
        return False
    if compile_pattern(r"(?<![\p{L}\p{M}\p{N}°/])[\p{Lu}\p{Lo}]$").search(before):
        return True
    word = compile_pattern(r"[\p{L}\p{M}](?:[\p{L}\p{M}.\-]*[\p{L}\p{M}])?$").search(before)
    return bool(word) and word[0].casefold() in writing.abbreviations


@cache
def _ending_pattern(ends: str, spaced: str, capitals: bool) -> Any:
    """Return the pattern of a sentence end with the quotes and brackets that close after it."""
    choices = []
    if ends:
        marks = rf"(?:(?!(?<=\p{{N}})．\p{{N}})[{re.escape(ends)}])+"
        # A quoted sentence within a sentence ends none.
        choices.append(rf"{marks}(?:{_CLOSERS}+(?=\s|$)|(?!{_CLOSERS}|[{re.escape(ends)}]))")
    if spaced:
        following = r"(?=\s|$)(?!\s+\p{Ll})" if capitals else r"(?=\s|$)"
        choices.append(rf"[{re.escape(spaced)}]+{_CLOSERS}*{following}")
    return compile_pattern("|".join(choices) or r"(?!)")


def is_written_in(text: str, script: str) -> bool:
    """Return True if `text` has letters and all of them are of `script`."""
    return script_share(_without_marks(text), script) == 1.0


def has_script(text: str, script: str) -> bool:
    """Return True if a letter of `text` is of `script`."""
    return script_share(_without_marks(text), script) > 0.0


def _without_marks(text: str) -> str:
    # Vowel signs and accents that stand alone belong to no script of their own.
    return str(compile_pattern(r"\p{M}").sub("", unicodedata.normalize("NFC", text)))
