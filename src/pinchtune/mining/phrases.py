"""What mail programs and people write around a message: phrases.toml, compiled."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pinchtune.patterns import compile_pattern

_AROUND = {
    "wrote": (r"(?=.*[\p{Nd}@])", r"\s?[:：]"),
    "original": (r"[-_*\s]{2,}", r"[-_*:\s]*"),
    "from": (r"\*{0,2}", r"\s?[:：]\*{0,2}.*(?:@|<).*"),
    "closing": ("", r"[\s,.!，。！،]*"),
    "device": ("", ""),
    "absence": (r"(?:\w{1,3}\s?[:：]\s?)*", ""),
    "away": (r"(?:\w{1,3}\s?[:：]\s?)*", ""),
}
"""What stands before and after the phrases of a section; a date or an address is in `wrote`."""


@lru_cache
def _table() -> dict[str, dict[str, str]]:
    text = (files("pinchtune.mining") / "phrases.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache
def pattern(section: str) -> Any:
    """Return what matches a line of a section, in any language."""
    before, after = _AROUND[section]
    phrases = "|".join(dict.fromkeys(_table()[section].values()))
    return compile_pattern(f"{before}(?:{phrases}){after}", ignore_case=True)


def is_absence(subject: str) -> bool:
    """Return True if the subject of a mail is that of an automatic answer.

    What people write about as well, such as mail that came back, counts if nothing is asked.
    """
    plain = subject.strip()
    if pattern("absence").match(plain):
        return True
    return bool(pattern("away").match(plain)) and not compile_pattern("[?？؟]").search(plain)


def announces_absence(text: str) -> bool:
    """Return True if a text begins as automatic answers do: the phrase, then a colon or no more.

    A phrase that people write about as well must stand alone in its line.
    """
    head = text.split("\n", 1)[0].strip()
    if compile_pattern(r"[\s.!。！]*").fullmatch(_rest(head, "away") or "?"):
        return True
    rest = _rest(head, "absence")
    return rest is not None and rest.lstrip()[:1] in ("", ":", "：", "–", "-")


def _rest(head: str, section: str) -> str | None:
    match = pattern(section).match(head)
    return head[match.end() :] or " " if match else None
