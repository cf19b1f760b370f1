"""Personal data in a text: what must not be tuned into a model.

Precision before recall: prices, dates, order numbers and the addresses of examples
(`name@example.com`) are left alone. What is found is a hint for a person, who decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pinchtune.data.identifiers import find_identifiers
from pinchtune.patterns import compile_pattern

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "CZ", "RU", "JP", "CN", "IN", "SA")
"""Where a telephone number without a country code may belong."""

# Scripts that set no spaces are left out, or the words before an address would belong to it.
_LETTER = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{M}\p{Nd}]"
_EMAIL = (
    rf"(?<![{_LETTER}._%+\-])(?:{_LETTER}[._%+\-]?)*+(?<={_LETTER})@"
    rf"(?:(?:{_LETTER}|-)++\.)+[{_LETTER}--\p{{Nd}}]{{2,}}"
)
_PLACEHOLDER = r"[@.](?:example\.(?:com|org|net)|example|test|invalid|localhost)$"
_URL = (
    r"(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*://(?:[^\s/@:]+:[^\s/@]+@\S+"
    r"|\S+?[?&#;](?:access_|auth_|refresh_|id_)?"
    r"(?:token|api_?key|secret|password|passwd|pwd|signature|sig|session_?id|sid)"
    r"=[^\s&#]{6,}\S*)"
)
_IBAN = r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8} ?[A-Z0-9]{0,3}(?![A-Z0-9])"
_CARD = r"(?<![\p{Nd}.,])\p{Nd}(?:[ \-]?\p{Nd}){12,18}(?![\p{Nd}]|[.,]\p{Nd})"
_CARD_NUMBER = (
    r"4\d{12}(\d{3}){0,2}|(5[1-5]|2[2-7])\d{14}|3[47]\d{13}"
    r"|6(011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3[068]\d{12}"
)
MOST = 50
"""Percent of a country that speaks a language for it to be at home there."""
BARE_DIGITS = 9
"""Fewest digits of a telephone number that nothing but its validity tells."""
_OPENING = "+＋(（"  # noqa: RUF001
_PHONE_LIKE = r"\p{Nd}(?:[\s().\-/]{0,3}\p{Nd}){6}"
_AMOUNT = r"\s?(?:\p{Sc}|[A-Z]{3}\b|Kč|kr\b|руб|₽|円|元|원|%)"  # noqa: RUF001


class PersonalFinding(NamedTuple):
    """A stretch of text that may be personal data."""

    kind: str
    """`url`, `e-mail`, `IBAN`, `card`, `identifier` or `phone`."""
    start: int
    end: int
    text: str


def find_personal(
    text: str, regions: Sequence[str] = REGIONS, language: str = ""
) -> list[PersonalFinding]:
    """Return what may be personal data in `text`, in its order, without overlaps.

    With a `language`, every run of digits that is a valid telephone number where it is spoken
    counts too: for texts that nobody looks at, where hiding an order number does no harm.
    """
    found: list[PersonalFinding] = []
    for kind, finder in _FINDERS.items():
        for start, end in finder(text):
            _add(found, PersonalFinding(kind, start, end, text[start:end]))
    for start, end in _find_phones(text, tuple(regions)):
        _add(found, PersonalFinding("phone", start, end, text[start:end]))
    for start, end in _find_bare_phones(text, home_regions(language)) if language else ():
        _add(found, PersonalFinding("phone", start, end, text[start:end]))
    return sorted(found, key=lambda finding: finding.start)


def replace_personal(text: str, found: Sequence[PersonalFinding]) -> str:
    """Return the text with each finding replaced by its kind in brackets: `[e-mail]`.

    `found` is what `find_personal` returned for this text.
    """
    parts, end = [], 0
    for finding in found:
        parts += [text[end : finding.start], f"[{finding.kind}]"]
        end = finding.end
    return "".join([*parts, text[end:]])


def _add(found: list[PersonalFinding], new: PersonalFinding) -> None:
    if all(new.end <= old.start or old.end <= new.start for old in found):
        found.append(new)


def _find_urls(text: str) -> Iterator[tuple[int, int]]:
    if "://" in text:
        for match in compile_pattern(_URL, ignore_case=True).finditer(text):
            yield match.span()


def _find_emails(text: str) -> Iterator[tuple[int, int]]:
    for match in compile_pattern(_EMAIL).finditer(text) if "@" in text else ():
        if not compile_pattern(_PLACEHOLDER, ignore_case=True).search(match[0]):
            yield match.span()


def _find_ibans(text: str) -> Iterator[tuple[int, int]]:
    from stdnum import iban

    for match in compile_pattern(_IBAN).finditer(text):
        # Words in capitals after the number match too: take them off until it is valid.
        for length in range(len(match[0]), 14, -1):
            if iban.is_valid(match[0][:length].strip()):
                yield match.start(), match.start() + len(match[0][:length].rstrip())
                break


def _find_cards(text: str) -> Iterator[tuple[int, int]]:
    from stdnum import luhn

    for match in compile_pattern(_CARD).finditer(text):
        digits = _digits(match[0])
        if compile_pattern(_CARD_NUMBER).fullmatch(digits) and luhn.is_valid(digits):
            yield match.span()


def _digits(text: str) -> str:
    """Return the digits of `text`, of whatever script, as 0-9."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


_FINDERS = {
    "url": _find_urls,
    "e-mail": _find_emails,
    "IBAN": _find_ibans,
    "card": _find_cards,
    "identifier": find_identifiers,
}


def _find_phones(text: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    if not compile_pattern(_PHONE_LIKE).search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in regions:
        # Of the four levels, this one asks for the grouping that people write in the region.
        for match in PhoneNumberMatcher(text, region, Leniency.STRICT_GROUPING):
            if _is_phone(match.raw_string.strip(), match.number, text[match.end :]):
                yield match.start, match.end


@lru_cache
def home_regions(language: str) -> tuple[str, ...]:
    """Return the countries where most people speak a language that is official: CLDR's table."""
    from babel.core import get_global

    code = language.split("-")[0].lower()
    spoken = (
        (region, table.get(code)) for region, table in get_global("territory_languages").items()
    )
    return tuple(
        sorted(
            region
            for region, facts in spoken
            if facts and facts["official_status"] and facts["population_percent"] >= MOST
        )
    )


def _find_bare_phones(text: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    if not compile_pattern(_PHONE_LIKE).search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in regions:
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            is_amount = compile_pattern(_AMOUNT).match(text[match.end :])
            if len(_digits(match.raw_string)) >= BARE_DIGITS and not is_amount:
                yield match.start, match.end


def _is_phone(raw: str, number: PhoneNumber, following: str) -> bool:
    """Return False for amounts, and for a run of digits that only happens to be valid."""
    from phonenumbers import PhoneNumberType, number_type

    if compile_pattern(_AMOUNT).match(following):
        return False
    digits = _digits(raw)
    if raw[0] in _OPENING or digits.startswith("0") or len(digits) < len(raw):
        return True
    return len(digits) >= 11 and number_type(number) == PhoneNumberType.MOBILE
