"""Personal data in what people write to a company: more is taken than in examples.

Here nobody looks at every row, so bare digits that could be a telephone number of the
language's regions count, and names beside a title. A short text, or one whose language is not
known, is searched as if it were in any language of its script.
"""

from __future__ import annotations

from functools import lru_cache

from pinchtune.data.personal import PersonalFinding, find_personal, join_findings
from pinchtune.data.phones import REGIONS, home_regions
from pinchtune.languages import LANGUAGES, MIN_LETTERS, Language, count_letters, letter_pattern
from pinchtune.mining.names import find_names
from pinchtune.patterns import compile_pattern

SHORT = 3 * MIN_LETTERS
"""Letters below which the language that was told may be the wrong one of its script."""
FEW, MANY = 7, 300
"""Digits that a telephone number has at least; and those from which a text is a table or a list,
which would take seconds to search for the numbers of two hundred countries."""


def find_private(text: str, language: str, *more: str) -> list[PersonalFinding]:
    """Return what may be personal data in a text of a language, in its order, no overlaps.

    `more` are languages whose telephone numbers and titles may stand in it too: an answer may
    hold a number of those who asked.
    """
    told = (language, *more)
    others = _possible(text, told)
    digits = len(compile_pattern(r"\p{Nd}").findall(text))
    homes = _regions(told) if digits > MANY else _regions((*told, *others))
    found = find_personal(text, bare=homes if digits >= FEW else ())
    places = [finding[:3] for finding in found]
    places += [("name", *place) for place in find_names(text, language, (*more, *others))]
    return join_findings(text, places)


def _possible(text: str, told: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages that a text may be in beside what was told."""
    known = [LANGUAGES[code] for code in told if code in LANGUAGES]
    letters = count_letters(text)
    if len(known) == len(told) and letters >= SHORT:
        return tuple(code for row in known for code in row.close)
    distinct = "".join(set(text))
    return tuple(
        code for code, row in LANGUAGES.items() if not letters or _has_letters(distinct, row)
    )


def _has_letters(text: str, language: Language) -> bool:
    return any(letter_pattern(script).search(text) for script in language.scripts)


@lru_cache(maxsize=256)
def _regions(codes: tuple[str, ...]) -> tuple[str, ...]:
    known = [code for code in codes if code in LANGUAGES]
    return (
        tuple(dict.fromkeys(region for code in known for region in home_regions(code))) or REGIONS
    )
