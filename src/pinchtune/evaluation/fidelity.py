"""Language fidelity by our own identification, among the languages of the project.

Two questions on each answer: is it, as a whole, in the prompt's language; and is every line
of it? The candidates are the project's languages, so an answer in a language that is no
candidate shows as whichever candidate is nearest, or as unknown: wrong in either case,
unless the nearest is the right one (Portuguese, where only Spanish is a candidate).
"""

from __future__ import annotations

from pinchtune.errors import UsageError
from pinchtune.languages import MIN_LETTERS, Identifier, count_letters, get_language


def in_language(identifier: Identifier, text: str, language: str) -> bool:
    """Return True if `text` is identified as `language`; an empty text is in no language."""
    code = get_language(language).code
    if code not in identifier.candidates:
        known = " ".join(identifier.candidates)
        raise UsageError(f"{code} is not among the languages to identify ({known}); add it")
    return identifier.identify(text).language == code


def right_language(identifier: Identifier, text: str, language: str) -> float:
    """Return 1 if the answer is in the prompt's language, else 0 (an empty answer is 0)."""
    return float(in_language(identifier, text, language))


def line_pass(identifier: Identifier, text: str, language: str) -> float | None:
    """Return 1 if every line is in `language`, 0 if one is not, None if all are too short."""
    lines = [line for line in text.splitlines() if count_letters(line) >= MIN_LETTERS]
    if not lines:
        return None
    return float(all(in_language(identifier, line, language) for line in lines))
