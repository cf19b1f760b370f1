"""The table of checkers: a small function each, with the parameters that it takes.

A checker gets the answer, its parameters and the context of the prompt. It returns True or
False, or None where nothing can be said: such a check is unscored, which is not failed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from pinchtune.evaluation.checking import texts
from pinchtune.evaluation.checking.parameters import (
    BOUNDS,
    LANGUAGE,
    SCRIPT,
    TEXT,
    TEXTS,
    Kind,
    Parameters,
    choice,
    within,
)
from pinchtune.evaluation.checking.texts import normalise
from pinchtune.evaluation.checking.writing import Writing
from pinchtune.languages import (
    MIN_LETTERS,
    UNKNOWN,
    Identifier,
    count_letters,
    get_language,
    script_share,
)
from pinchtune.patterns import compile_pattern

DIGITS = {
    "latn": 0x30,
    "arab": 0x660,
    "arabext": 0x6F0,
    "deva": 0x966,
    "beng": 0x9E6,
    "thai": 0xE50,
    "fullwide": 0xFF10,
}
"""Code point of the digit zero by system of digits, under the names of CLDR."""
_FENCE = r"^```\w*[ \t]*\n(.*?)\n?```$"


class Context(NamedTuple):
    """What a checker knows of the prompt."""

    writing: Writing
    """How the language of the prompt is written."""
    identifier: Identifier
    """Tells the languages of the project apart."""


Check = Callable[[str, Parameters, Context], bool | None]


def _language(text: str, given: Parameters, context: Context) -> bool | None:
    code = get_language(given.get("language", context.writing.code)).code
    if code not in context.identifier.candidates:
        return None
    if count_letters(text) >= MIN_LETTERS:
        guess = context.identifier.identify(text).language
        if guess != UNKNOWN:
            return guess == code
    # Too little to tell, but enough where the letters are foreign.
    shares = [script_share(text, script) for script in get_language(code).scripts]
    return False if count_letters(text) and max(shares) <= 0.5 else None


def _script(text: str, given: Parameters, context: Context) -> bool | None:
    return texts.is_written_in(text, given["script"]) if count_letters(text) else None


def _avoids_script(text: str, given: Parameters, context: Context) -> bool:
    return not texts.has_script(text, given["script"])


def _words(text: str, given: Parameters, context: Context) -> bool:
    return within(texts.count_words(text), given)


def _characters(text: str, given: Parameters, context: Context) -> bool:
    return within(texts.count_characters(text), given)


def _sentences(text: str, given: Parameters, context: Context) -> bool:
    return within(len(texts.split_sentences(text, context.writing)), given)


def _paragraphs(text: str, given: Parameters, context: Context) -> bool:
    parts = texts.split_paragraphs(text, given.get("separator", ""))
    return all(parts) and within(len(parts), given)


def _list_items(text: str, given: Parameters, context: Context) -> bool:
    items = texts.list_items(text, given.get("kind", "any"), given.get("mark", ""))
    return within(len(items), given)


def _contains(text: str, given: Parameters, context: Context) -> bool:
    bounds = BOUNDS.keys() & given.keys()
    limits = {key: given[key] for key in bounds} or {"at_least": 1}
    return all(within(texts.count_term(text, term), limits) for term in given["terms"])


def _avoids(text: str, given: Parameters, context: Context) -> bool:
    return not any(texts.count_term(text, term) for term in given["terms"])


def _starts_with(text: str, given: Parameters, context: Context) -> bool:
    return _bare(text).startswith(_bare(given["text"]))


def _ends_with(text: str, given: Parameters, context: Context) -> bool:
    return _bare(text).endswith(_bare(given["text"]))


def _bare(text: str) -> str:
    return normalise(texts.trim_quotes(text))


def _json(text: str, given: Parameters, context: Context) -> bool:
    fenced = re.match(_FENCE, text.strip(), re.DOTALL)
    try:
        value = json.loads(fenced[1] if fenced else text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return False
    keys = {*map(_composed, given.get("keys", []))}
    return not keys or (isinstance(value, dict) and keys <= {*map(_composed, value)})


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _composed(key: str) -> str:
    return unicodedata.normalize("NFC", key)


def _digits(text: str, given: Parameters, context: Context) -> bool:
    zeros = {ord(char) - unicodedata.decimal(char) for char in text if char.isdecimal()}
    return zeros == {DIGITS[given["system"]]}


def _no_commas(text: str, given: Parameters, context: Context) -> bool:
    return {*text}.isdisjoint(context.writing.commas)


def _letter_case(text: str, given: Parameters, context: Context) -> bool:
    capital, small = (bool(compile_pattern(p).search(text)) for p in (r"[\p{Lu}\p{Lt}]", r"\p{Ll}"))
    return capital and not small if given["case"] == "upper" else small and not capital


def _title(text: str, given: Parameters, context: Context) -> bool:
    opening, closing = (given.get(key, mark) for key, mark in TITLE_MARKS.items())
    found = re.findall(rf"{re.escape(opening)}([^\n]+?){re.escape(closing)}", text)
    return any(title.strip(opening + closing).strip() for title in found)


TITLE_MARKS = {"open": "<<", "close": ">>"}
"""What a title stands between where a check does not say."""


def _register(text: str, given: Parameters, context: Context) -> bool | None:
    patterns = context.writing.registers
    found = {_register_of(s, patterns) for s in texts.split_sentences(text, context.writing)}
    found.discard("")
    return found == {given["level"]} if found else None


def _register_of(sentence: str, patterns: Mapping[str, str]) -> str:
    """Return `polite`, `plain`, or nothing where the end of the sentence does not tell."""
    bare = compile_pattern(r"[^\p{L}\p{M}\p{N}ー]+$").sub("", sentence)
    ending = compile_pattern(patterns["particles"]).sub("", bare)
    for level in ("neutral", "polite", "plain"):
        if compile_pattern(patterns[level]).search(ending):
            return "" if level == "neutral" else level
    return ""


def _placeholders(text: str, given: Parameters, context: Context) -> bool:
    found = re.findall(r"\[[^\[\]\n]*[^\[\]\s][^\[\]\n]*\]", unicodedata.normalize("NFKC", text))
    return within(len(found), given)


def _quoted(text: str, given: Parameters, context: Context) -> bool:
    whole = text.strip()
    # Some languages set the full stop behind the closing mark.
    forms = (whole, whole.rstrip(context.writing.sentence_ends))
    return any(_is_within(form, pair) for form in forms for pair in context.writing.quotes)


def _is_within(text: str, pair: str) -> bool:
    inner = text.removeprefix(pair[0]).removesuffix(pair[1])
    return len(text) - len(inner) == len(pair) and bool(inner.strip())


def _repeats(text: str, given: Parameters, context: Context) -> bool:
    whole = _bare(text)
    rest = whole.removeprefix(_bare(given["text"]))
    return rest != whole and bool(compile_pattern(r"[\p{L}\p{N}]").search(rest))


def _two_answers(text: str, given: Parameters, context: Context) -> bool:
    parts = texts.split_paragraphs(text, given.get("separator", "******"))
    return len(parts) == 2 and all(parts) and parts[0] != parts[1]


def _postscript(text: str, given: Parameters, context: Context) -> bool:
    mark = normalise(given["mark"]).replace(" ", "")
    lines = [normalise(line).replace(" ", "") for line in text.splitlines()]
    starts = [i for i, line in enumerate(lines) if line.startswith(mark)]
    if not starts:
        return False
    before, after = "".join(lines[: starts[0]]), "".join(lines[starts[0] :])
    return bool(before) and after != mark


class Checker(NamedTuple):
    """One row of the table."""

    check: Check
    required: Mapping[str, Kind] = {}
    optional: Mapping[str, Kind] = {}
    counts: bool = False
    """True if it needs bounds: at_least, at_most or exactly."""
    needs: str = ""
    """Column of the language without which there is nothing to check."""


_Counting = partial(Checker, optional=BOUNDS, counts=True)

CHECKERS: Mapping[str, Checker] = {
    "language": Checker(_language, optional={"language": LANGUAGE}),
    "script": Checker(_script, {"script": SCRIPT}),
    "avoids_script": Checker(_avoids_script, {"script": SCRIPT}),
    "words": _Counting(_words, needs="spaced"),
    "characters": _Counting(_characters),
    "sentences": _Counting(_sentences, needs="sentence_ends"),
    "paragraphs": Checker(_paragraphs, optional={**BOUNDS, "separator": TEXT}, counts=True),
    "list_items": Checker(
        _list_items,
        optional={**BOUNDS, "kind": choice(texts.LIST_MARKS), "mark": TEXT},
        counts=True,
    ),
    "contains": Checker(_contains, {"terms": TEXTS}, BOUNDS),
    "avoids": Checker(_avoids, {"terms": TEXTS}),
    "starts_with": Checker(_starts_with, {"text": TEXT}),
    "ends_with": Checker(_ends_with, {"text": TEXT}),
    "json": Checker(_json, optional={"keys": TEXTS}),
    "digits": Checker(_digits, {"system": choice(DIGITS)}),
    "no_commas": Checker(_no_commas),
    "letter_case": Checker(_letter_case, {"case": choice(("upper", "lower"))}, needs="cased"),
    "title": Checker(_title, optional=dict.fromkeys(TITLE_MARKS, TEXT)),
    "register": Checker(_register, {"level": choice(("polite", "plain"))}, needs="registers"),
    "placeholders": _Counting(_placeholders),
    "quoted": Checker(_quoted),
    "repeats": Checker(_repeats, {"text": TEXT}),
    "two_answers": Checker(_two_answers, optional={"separator": TEXT}),
    "postscript": Checker(_postscript, {"mark": TEXT}),
}
"""Checkers by name."""
