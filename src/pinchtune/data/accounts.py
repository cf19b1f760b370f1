"""Bank accounts and payment cards: how people write them, and their check digits.

All functions want a folded text (`pinchtune.data.folding`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pinchtune.data.folding import digits_of
from pinchtune.patterns import compile_pattern

_IBAN = (
    r"(?:(?<![A-Z0-9])|(?<=(?<![A-Z0-9])IBAN))"
    r"[A-Z]{2}[ \-]?[0-9]{2}(?:[ .\-]{0,2}[A-Z0-9]){11,30}+"
)
_SHORTEST_IBAN = 15
_MARK = r"(?: {1,3}| ?[.\-/] ?)"
_GROUPS = (
    rf"(?<![\d.,])(?:\d{{4}}(?:{_MARK}\d{{4}}){{3}}(?:{_MARK}\d{{1,3}})?"
    rf"|\d{{4}}{_MARK}\d{{6}}{_MARK}\d{{4,5}})(?!\d|[.,]\d)"
)
"""A card's number in the groups that are printed on it, whatever stands between them."""
_CARD = r"(?<![\d.,])\d(?:[ \-]?\d){12,18}(?![\d]|[.,]\d)"
_CARD_NUMBER = (
    r"4\d{12}(\d{3}){0,2}|(5[1-5]|2[2-7])\d{14}|3[47]\d{13}"
    r"|6(011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3[068]\d{12}"
)


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where account numbers stand that are as long as their country's and add up."""
    from stdnum import iban

    for match in compile_pattern(_IBAN, ignore_case=True).finditer(text):
        # Words after the number match too: take them off until it is valid.
        for end in _ends(text, match.start() + _SHORTEST_IBAN, match.end()):
            if iban.is_valid(text[match.start() : end].replace(".", "")):
                yield match.start(), end
                break


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield where payment cards stand; the same place may come twice."""
    for pattern in (_GROUPS, _CARD):
        for match in compile_pattern(pattern).finditer(text):
            # What is typed after a card matches too: its last day, its check code.
            for end in _ends(text, match.start() + 13, match.end()):
                if _is_card(digits_of(text[match.start() : end])):
                    yield match.start(), end
                    break


def _ends(text: str, least: int, most: int) -> Iterator[int]:
    """Yield where a number may end, the last place first: never inside a group."""
    for end in range(most, least - 1, -1):
        following = text[end : end + 1]
        if text[end - 1].isalnum() and not (following.isascii() and following.isalnum()):
            yield end


def _is_card(digits: str) -> bool:
    from stdnum import luhn

    return bool(compile_pattern(_CARD_NUMBER).fullmatch(digits)) and luhn.is_valid(digits)
