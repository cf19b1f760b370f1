"""Names of people beside a title: names.toml, compiled. The title stays, the name is found.

A name without a title is not looked for: nothing that runs offline in eighty languages finds
those without taking much else along.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pinchtune.patterns import compile_pattern

_WORD = r"\p{Lu}[\p{L}\p{M}'’\-]*\p{Ll}[\p{L}\p{M}'’\-]*"
_PARTICLES = r"(?:(?:van|von|de|da|dos|del|della|der|den|di|la|le|el|al|bin|ibn|ten|zu)\s){0,2}"
CAPITAL = rf"(?:\p{{Lu}}\.\s?){{0,3}}{_WORD}(?:\s{_PARTICLES}{_WORD}){{0,2}}"
"""What a name looks like where names have capital letters: up to three words, initials before."""
COMMON = "en"
"""The language whose titles are used in texts of all languages."""


@lru_cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("pinchtune.mining") / "names.toml").read_text("utf-8"))


@lru_cache
def _patterns(language: str) -> tuple[Any, ...]:
    """Return what finds names before or after the titles of a language."""
    row = _table().get(language, {})
    name = row.get("name", CAPITAL)
    other = rf"(?!(?:{row['other']})(?![\p{{L}}\p{{M}}]))" if "other" in row else ""
    found = []
    if "before" in row:
        # Titles come in twos: Herr Dr. Müller.
        title = rf"(?:(?:{row['before']})\.?[ \u00a0]{{1,2}}){{1,2}}"
        more = rf"(?!(?:{row['before']})\b)" if "name" not in row else ""
        found.append(rf"(?<![\p{{L}}\p{{M}}\p{{N}}]){title}{more}{other}(?P<name>{name})")
    if "after" in row:
        start = "" if "name" in row else r"(?<![\p{L}\p{M}\p{N}])"
        found.append(rf"{start}{other}(?P<name>{name})(?=\s?(?:{row['after']}))")
    return tuple(compile_pattern(pattern) for pattern in found)


def find_names(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand beside a title of `language`, or of English."""
    for code in dict.fromkeys((language, COMMON)):
        for pattern in _patterns(code):
            for match in pattern.finditer(text):
                yield match.span("name")
