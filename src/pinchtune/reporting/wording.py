"""Words and numbers of the report, by locale, from the catalogues in `wording/`.

Numbers are written for people: whole where that is enough, one decimal at most, and never
without saying how sure they are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.languages import UNKNOWN, language_name
from pinchtune.stats import LEVEL, NEUTRAL

LOCALES = ("en", "ja")
"""The languages of the page; each has a catalogue."""


OWN = "pinchtune.reporting"


@cache
def catalogue(locale: str, package: str = OWN) -> dict[str, Any]:
    """Return a package's catalogue of a locale as {"section.key": text or list of texts}."""
    path = files(package) / "wording" / f"{locale}.toml"
    tables = tomllib.loads(path.read_text("utf-8"))
    return {f"{name}.{key}": text for name, table in tables.items() for key, text in table.items()}


def check_locale(locale: str) -> str:
    """Return the locale of the page that `locale` (`ja_JP`, `en`) asks for, or raise UsageError."""
    short = locale.replace("_", "-").split("-")[0].lower()
    if short not in LOCALES:
        raise UsageError(f"no report in {locale!r}; use one of: {' '.join(LOCALES)}")
    return short


class Wording:
    """The words of one locale; those of another package go before the report's own."""

    def __init__(self, locale: str, package: str = OWN) -> None:
        self.locale = check_locale(locale)
        self._texts = catalogue(self.locale) | catalogue(self.locale, package)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key with its placeholders filled."""
        return str(self._texts[key]).format(**values)

    def lines(self, key: str) -> list[str]:
        """Return the texts of a key that holds a list."""
        return list(self._texts[key])

    def choose(self, section: str, name: str) -> str:
        """Return the text of a name that may have no wording of its own; else the name."""
        return str(self._texts.get(f"{section}.{name}", name))

    def knows(self, section: str, name: str) -> bool:
        """Say whether a name has a wording of its own."""
        return f"{section}.{name}" in self._texts

    def language(self, code: str) -> str:
        """Return the name of a language; at the start of a line, so with a capital."""
        if code == UNKNOWN:
            return self("page.unknown_language")
        name = language_name(code, self.locale)
        return name[:1].upper() + name[1:]

    def join(self, names: Iterable[str]) -> str:
        """Return names as an enumeration."""
        return self("page.comma").join(names) or self("page.none")

    def number(self, value: float | None, digits: int = 0, sign: bool = False) -> str:
        """Return a number, rounded, with thousands marked, and a dash if there is none."""
        if value is None:
            return self("page.unknown")
        rounded = round(value, digits) + 0.0
        text = f"{abs(rounded):,.{digits}f}"
        if rounded < 0:
            return f"−{text}"  # noqa: RUF001 - a true minus sign, as wide as the plus
        return f"+{text}" if sign and rounded > 0 else text

    def score(self, value: float | None, limit: float = NEUTRAL) -> str:
        """Return a win rate in whole points, or finer where that would hide its side of `limit`."""
        for digits in (0, 1, 2):
            if value is None or _side(round(value, digits), limit) == _side(value, limit):
                break
        return self.number(value, digits)

    def p_value(self, p: float) -> str:
        """Return a two-sided p-value, finer where rounding would hide its side of the level."""
        for digits in (3, 4, 5):
            if _side(round(p, digits), 2 * LEVEL) == _side(p, 2 * LEVEL):
                break
        return self("page.p_small") if p < 0.001 else self("page.p", value=f"{p:.{digits}f}")

    def percent(self, estimate: Mapping[str, Any]) -> str:
        """Return a percentage without its interval."""
        if estimate["value"] is None:
            return self("headline.missing")
        return self("page.percent", value=self.number(estimate["value"]))

    def percent_span(self, estimate: Mapping[str, Any]) -> str:
        """Return the interval of a percentage in words."""
        low, high = (self.number(estimate[bound]) for bound in ("low", "high"))
        return self._span(estimate, "page.span_percent", low, high) or self._flat(estimate)

    def change_span(self, estimate: Mapping[str, Any]) -> str:
        """Return the interval of a change in words."""
        low, high = (self.number(estimate[bound], sign=True) for bound in ("low", "high"))
        return self._span(estimate, "page.span", low, high) or self("page.span_point")

    def score_span(self, estimate: Mapping[str, Any], limit: float = NEUTRAL) -> str:
        """Return the interval of a win rate in words."""
        low, high = (self.score(estimate[bound], limit) for bound in ("low", "high"))
        return self._span(estimate, "page.span", low, high) or self("page.span_point")

    def score_bracket(self, estimate: Mapping[str, Any], limit: float = NEUTRAL) -> str:
        """Return the interval of a win rate in brackets, empty if there is none."""
        if estimate["low"] is None or estimate["high"] is None:
            return ""
        low, high = (self.score(estimate[bound], limit) for bound in ("low", "high"))
        return self("page.bracket", low=low, high=high)

    def _span(self, estimate: Mapping[str, Any], key: str, low: str, high: str) -> str:
        if estimate["low"] is None or estimate["high"] is None:
            return self("page.span_missing")
        return "" if low == high else self(key, low=low, high=high)

    def _flat(self, estimate: Mapping[str, Any]) -> str:
        """Say in words that all answers came out alike, so that there is no interval."""
        names = {"100": "page.span_all", "0": "page.span_none"}
        return self(names.get(self.number(estimate["value"]), "page.span_point"))

    def bracket(self, estimate: Mapping[str, Any], digits: int = 1, sign: bool = False) -> str:
        """Return the interval in brackets, empty if there is none."""
        if estimate["low"] is None or estimate["high"] is None:
            return ""
        low, high = (self.number(estimate[bound], digits, sign) for bound in ("low", "high"))
        return self("page.bracket", low=low, high=high)

    def duration(self, seconds: float | None) -> str:
        """Return a time in minutes, or in hours when there are many."""
        if seconds is None:
            return self("cost.missing")
        if seconds < 60:
            return self("cost.under")
        if seconds < 100 * 60:
            return self("cost.minutes", value=self.number(seconds / 60, 1))
        return self("cost.hours", value=self.number(seconds / 3600, 1))


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)
