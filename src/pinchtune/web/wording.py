"""The words of the pages: one catalogue of translations a locale, `locales/<locale>.po`.

The key of a translation is the English sentence, with {named} values. A locale is added by
adding its file; a sentence that a catalogue lacks is shown in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

from pinchtune.languages import LANGUAGES, is_rtl
from pinchtune.web.texts import show_marks

SOURCE = "en"
"""The locale that the sentences in the code are written in."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_ISOLATE, _END = "\u2068", "\u2069"


def mark(sentence: str) -> str:
    """Return `sentence`, and mark it as one that the catalogues translate."""
    return sentence


@cache
def list_locales() -> dict[str, str]:
    """Return {locale: its own name for itself}, the source first."""
    folder = files("pinchtune.web") / "locales"
    found = sorted(p.name.removesuffix(".po") for p in folder.iterdir() if p.name.endswith(".po"))
    codes = dict.fromkeys((SOURCE, *found))
    return {code: _capital(Locale.parse(code).get_display_name(code) or code) for code in codes}


@cache
def catalogue(locale: str) -> dict[str, str]:
    """Return {English sentence: sentence} of a locale; empty for the source without a file."""
    path = files("pinchtune.web") / "locales" / f"{locale}.po"
    if not path.is_file():
        return {}
    messages = read_po(BytesIO(path.read_bytes()), locale)
    pairs = ((message.id, message.string) for message in messages if message.id)
    return {k: v for k, v in pairs if isinstance(k, str) and isinstance(v, str) and v}


def choose_locale(wanted: Iterable[str]) -> str:
    """Return the first wanted locale that there is (`ja-JP` finds `ja`), else the source."""
    known = list_locales()
    for tag in wanted:
        short = tag.strip().replace("_", "-").split("-")[0].lower()
        if short in known:
            return short
    return SOURCE


def read_accepted(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, the most wanted first."""
    ranked = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            ranked.append((-float(weight or 1), place, tag.strip()))
        except ValueError:
            continue
    return [tag for _, _, tag in sorted(ranked)]


class Translator:
    """Says sentences, numbers, dates and names of languages in one locale."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._sentences = catalogue(locale)
        self._babel = Locale.parse(locale)

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return "rtl" if is_rtl(self.locale) else "ltr"

    def __call__(self, sentence: str, /, **values: object) -> Markup:
        """Return the sentence in this locale, escaped, with its values filled in."""
        text = escape(self._sentences.get(sentence, sentence))
        return text.format(**{k: self._value(v) for k, v in values.items()}) if values else text

    def _value(self, value: object) -> object:
        """Return a value fit to stand in a sentence: escaped, its direction kept to itself."""
        if isinstance(value, Markup):
            return value
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, tuple | list):
            parts = [str(escape(self._value(part))) for part in value]
            return Markup(format_list(parts, locale=self._babel))
        shown = show_marks(str(value))
        turns = self.direction == "rtl" or bool(_RIGHT_TO_LEFT.search(shown))
        return Markup(_ISOLATE + shown + _END) if turns else shown

    def number(self, value: float) -> str:
        """Return a number as this locale writes it."""
        return format_decimal(value, locale=self._babel)

    def decimal(self, value: float, digits: int = 2) -> str:
        """Return a number with so many decimals."""
        return format_decimal(value, f"#,##0.{'0' * digits}", locale=self._babel)

    def percent(self, share: float) -> str:
        """Return a share as whole per cents."""
        return format_percent(share, locale=self._babel)

    def time(self, moment: datetime) -> str:
        """Return date and time, in UTC."""
        return f"{format_datetime(moment, 'medium', locale=self._babel)} UTC"

    def language(self, code: str) -> str:
        """Return the name of a language, as at the start of a line; the code if unknown."""
        return _language(self.locale, code)


@cache
def translator(locale: str) -> Translator:
    """Return the translator of a locale."""
    return Translator(locale)


@cache
def _language(locale: str, code: str) -> str:
    name = Locale.parse(locale).languages.get(code)
    return _capital(name) if name else code


@cache
def list_languages(locale: str) -> list[tuple[str, str]]:
    """Return (code, name) of every language of the table, sorted by name."""
    return sorted(((code, _language(locale, code)) for code in LANGUAGES), key=lambda row: row[1])


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
