"""Names of people beside a title: names.toml, compiled. The title stays, the name is found.

A name without a title is not looked for: nothing that runs offline in eighty languages finds
those without taking much else along.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from pinchtune.patterns import compile_pattern

_INNER = r"[\p{L}\p{M}'’\-]"
# Bounded, or a long row of capitals would be searched anew from each of them.
_WORD = rf"\p{{Lu}}(?={_INNER}{{0,60}}?\p{{Ll}}){_INNER}{{1,60}}"
_CAPITALS = rf"\p{{Lu}}[\p{{Lu}}\p{{M}}'’\-]{{1,60}}(?!{_INNER})"
_PARTICLES = (
    r"(?:(?i:van|von|vom|de|da|do|dos|das|del|della|der|den|des|di|du|la|le|el|al|bin|ibn|ten|ter"
    r"|zu|zur)\s){0,3}"
)
_NO_ARTICLE = r"(?!(?:der|des)\s\p{Lu})"
"""No name begins with these alone: Herr der Ringe is nobody."""
_INITIALS = r"(?:\p{Lu}\.\s?){0,3}"
CAPITAL = (
    rf"{_INITIALS}(?:{_WORD}(?:\s{_PARTICLES}(?:{_WORD}|{_CAPITALS})){{0,2}}"
    rf"|{_CAPITALS}(?:\s{_PARTICLES}{_CAPITALS})?)"
)
"""What a name looks like where names have capital letters: up to three words, initials before."""
COMMON = "en"
"""The language whose titles are used in texts of all languages."""


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("pinchtune.mining") / "names.toml").read_text("utf-8"))


@cache
def _patterns(language: str, own: bool) -> tuple[Any, ...]:
    """Return what finds names before or after the titles of a language.

    Unless the text is in its `own` language, titles that are something else in others are out.
    """
    row = _table().get(language, {})
    shared = "" if own or "shared" not in row else rf"(?!(?:{row['shared']})(?![\p{{L}}\p{{M}}]))"
    name = _name(row)
    found = []
    if "before" in row:
        found.append(rf"(?<![\p{{L}}\p{{M}}\p{{N}}]){shared}{_titles(row)}{name}")
    if "after" in row:
        start = "" if "name" in row else r"(?<![\p{L}\p{M}\p{N}])"
        found.append(rf"{start}{name}(?=\s?{shared}(?:{row['after']}))")
    return tuple(compile_pattern(pattern) for pattern in found)


def _titles(row: dict[str, str]) -> str:
    """Return the pattern of titles; they come in rows: Herr Prof. Dr. h. c. Müller."""
    gap = r"(?:\.?[ \u00a0]{1,2}|(?<=\.)|\.)"
    more = rf"(?:(?:{row['before']}|{row.get('more', row['before'])}){gap}){{0,5}}"
    no_title = rf"(?!(?:{row['before']})(?![\p{{L}}\p{{M}}]))" if "name" not in row else ""
    return rf"(?:{row['before']}){gap}{more}{no_title}"


def _name(row: dict[str, str]) -> str:
    """Return the pattern of a name that is none of the other words of a language."""
    words = [row["other"]] if "other" in row else []
    if "name" not in row:
        words.append(_table()[COMMON]["other"])
    other = rf"(?!(?i:{'|'.join(words)})(?![\p{{L}}\p{{M}}]))" if words else ""
    if "name" in row:
        return rf"{other}(?P<name>{row['name']})"
    return rf"(?P<name>{_NO_ARTICLE}{_PARTICLES}{other}{CAPITAL})"


def find_names(text: str, language: str, others: Iterable[str] = ()) -> Iterator[tuple[int, int]]:
    """Yield where names stand beside a title of `language`, of English or of the `others`."""
    for code in dict.fromkeys((language, COMMON, *others)):
        for pattern in _patterns(code, code in (language, COMMON)):
            for match in pattern.finditer(text):
                yield match.span("name")
