"""Words of spreadsheets and dataset cards, by locale, from the catalogues in `wording/`."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

LOCALES = ("en", "ja", "es", "zh", "ar", "hi")
"""Locales that have a catalogue."""
DEFAULT = "en"


@cache
def catalogue(locale: str) -> dict[str, Any]:
    """Return the tables of a locale; English for a locale without a catalogue."""
    short = short_locale(locale)
    path = files("pinchtune.collecting") / "wording" / f"{short}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def short_locale(locale: str) -> str:
    """Return the locale whose catalogue is used for `locale`: `ja` for `ja_JP`."""
    short = locale.replace("_", "-").split("-")[0].lower()
    return short if short in LOCALES else DEFAULT


@cache
def known_headings() -> dict[str, str]:
    """Return {heading, folded: name of its column} over all locales."""
    found = {fold_heading(alias): name for alias, name in _ALIASES.items()}
    for locale in LOCALES:
        tables = catalogue(locale)
        for name, heading in (tables["columns"] | tables["term_columns"]).items():
            found[fold_heading(heading)] = name
    return found


@cache
def sample_titles() -> frozenset[str]:
    """Return the titles of sheets that hold samples to look at, over all locales."""
    titles = (catalogue(locale)["sheets"][name] for locale in LOCALES for name in ("read", "look"))
    return frozenset(map(fold_heading, titles))


def fold_heading(text: str) -> str:
    """Return a heading without differences of letter case, width, space and signs."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char.isalnum() or unicodedata.combining(char))


_NAMES = (
    "id parallel_id language site status version instruction response license domain drafted_by "
    "template origin created updated term variants note enquiries"
)
_ALIASES = {
    **{name: name for name in _NAMES.split()},
    "licence": "license",
    "prompt": "instruction",
    "question": "instruction",
    "answer": "response",
    "output": "response",
    "completion": "response",
    "variant": "variants",
    "count": "enquiries",
    "lang": "language",
}
