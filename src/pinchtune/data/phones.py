"""Telephone numbers: written as numbers are in a country, or bare digits that are one there.

All functions want a folded text (`pinchtune.data.folding`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pinchtune.data.folding import digits_of
from pinchtune.patterns import compile_pattern

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "CZ", "RU", "JP", "CN", "IN", "SA")
"""Where a telephone number without a country code may belong."""
MOST = 50
"""Percent of a country that speaks a language for it to be at home there."""
BARE_DIGITS = 9
"""Fewest digits of a telephone number that nothing but its validity tells."""
_OPENING = "+("
_PHONE_LIKE = r"\d(?:[\s().\-/]{0,3}\d){6}"
_AMOUNT = r"\s?(?:\p{Sc}|[A-Z]{3}\b|Kč|kr\b|руб|₽|円|元|원|%)"  # noqa: RUF001


def find_phones(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where numbers stand that are written as they are in one of the regions."""
    if not compile_pattern(_PHONE_LIKE).search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in regions:
        # Of the four levels, this one asks for the grouping that people write in the region.
        for match in PhoneNumberMatcher(text, region, Leniency.STRICT_GROUPING):
            if _is_phone(match.raw_string.strip(), match.number, text[match.end :]):
                yield match.start, match.end


def find_bare_phones(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where digits stand that are a valid number in one of the regions."""
    if not regions or not compile_pattern(_PHONE_LIKE).search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in regions:
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            is_amount = compile_pattern(_AMOUNT).match(text[match.end :])
            if len(digits_of(match.raw_string)) >= BARE_DIGITS and not is_amount:
                yield match.start, match.end


@lru_cache
def home_regions(language: str) -> tuple[str, ...]:
    """Return the countries where a language is official and most people speak it: CLDR's table.

    A country of REGIONS counts although fewer speak it; where there is none, the country that
    the language is likeliest to come from.
    """
    from babel.core import get_global

    code = language.split("-")[0].lower()
    shares = {
        region: facts[code]["population_percent"]
        for region, facts in get_global("territory_languages").items()
        if code in facts and facts[code]["official_status"]
    }
    homes = [region for region, share in sorted(shares.items()) if share >= MOST]
    known = [region for region in REGIONS if region in shares]
    return tuple(dict.fromkeys([*(homes or _likeliest_region(code)), *known]))


def _likeliest_region(code: str) -> tuple[str, ...]:
    from babel.core import get_global

    full = get_global("likely_subtags").get(code)
    return (full.split("_")[-1],) if full else ()


def _is_phone(raw: str, number: PhoneNumber, following: str) -> bool:
    """Return False for amounts, and for a run of digits that only happens to be valid."""
    from phonenumbers import PhoneNumberType, number_type

    if compile_pattern(_AMOUNT).match(following):
        return False
    digits = digits_of(raw)
    if raw[0] in _OPENING or digits.startswith("0") or len(digits) < len(raw):
        return True
    return len(digits) >= 11 and number_type(number) == PhoneNumberType.MOBILE
