"""Names after (or before) an honorific: a name that nothing announces is not looked for.

A rule is a row: languages, and a pattern whose group `name` is hidden.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pinchtune.data.personal import PersonalFinding

_CAPITAL = r"\p{Lu}[\p{L}\p{M}'’\-]+"
_NAME = rf"(?P<name>{_CAPITAL}(?:\s(?:(?:van|von|de|del|della|da|di|la|le|bin|al)\s)?{_CAPITAL}){{0,2}})"
_BEFORE = {
    "en": r"Mr|Mrs|Ms|Miss|Dr|Prof",
    "es": r"Sr|Sra|Srta|Don|Doña|Dr|Dra",
    "pt": r"Sr|Sra|Srta|Dr|Dra",
    "fr": r"M|Mme|Mlle|Monsieur|Madame|Dr",
    "de": r"Herrn?|Frau|Dr",
    "it": r"Sig|Sig\.ra|Signor|Signora|Dott|Dott\.ssa",
    "nl": r"Dhr|Mevr|Meneer|Mevrouw",
    "cs": r"pan|paní|Ing|Mgr|MUDr",
    "pl": r"Pan|Pani",
    "ru": r"г-н|г-жа|господин|госпожа",
    "sv": r"Herr|Fru",
    "tr": r"Sayın",
}
"""Words before a name."""
_AFTER = {
    "ja": r"(?P<name>(?<![\p{Han}\p{Katakana}])[\p{Han}\p{Katakana}ー]{1,6})(?:さん|様|さま)"
    r"(?<!(?:皆|客|奥|神|王|殿|お医者|何|御|同)(?:さん|様|さま))",
    "zh": r"(?P<name>(?<!\p{Han})[\p{Han}]{1,3})(?:先生|女士|小姐)"
    r"(?<!(?:这位|那位|该|本|各位|老)(?:先生|女士|小姐))",
    "ko": r"(?P<name>(?<!\p{Hangul})[\p{Hangul}]{2,4})\s?(?:씨|님)(?!\p{Hangul})"
    r"(?<!(?:고객|선생|사장|부장|과장|손)님)",
    "hi": r"(?:श्री|श्रीमती|सुश्री)\s+(?P<name>[\p{Devanagari}]+(?:\s[\p{Devanagari}]+)?)",
    "ar": r"(?:السيدة|السيد|الأستاذة|الأستاذ)\s+(?P<name>\p{Arabic}+)",
}
"""Patterns of languages that write otherwise."""


@lru_cache
def _rule(language: str) -> Any:
    import regex

    code = language.split("-")[0].lower()
    if code in _AFTER:
        return regex.compile(_AFTER[code], regex.V1)
    if code in _BEFORE:
        return regex.compile(rf"(?<!\p{{L}})(?i:{_BEFORE[code]})\.?\s+{_NAME}", regex.V1)
    return None


def find_names(text: str, language: str) -> list[PersonalFinding]:
    """Return the names in `text` that an honorific of `language` announces."""
    rule = _rule(language)
    matches = rule.finditer(text) if rule else ()
    return [PersonalFinding("name", m.start("name"), m.end("name"), m["name"]) for m in matches]
