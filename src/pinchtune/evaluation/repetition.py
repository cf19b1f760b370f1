"""Degenerate repetition: answers that run in circles.

Everything is counted in characters, so Chinese or Japanese need no tokeniser. Only the end of
a long answer is looked at: a model that loops does not leave the loop, and long natural texts
repeat short strings anyway. What repeats must hold a letter or a digit: a row of dashes is a
line.
"""

from __future__ import annotations

import re

WINDOW = 400
"""Characters at the end of an answer that are looked at."""
GRAM = 8
"""Length of the character n-grams."""
SHARE = 0.4
"""Least share of repeated n-grams: 832 written responses in 13 languages stay below 0.25."""
LOOP_TIMES = 3
"""Least number of times that the last unit stands there in a row."""
LOOP_LENGTH = 16
"""Least length of that row in characters: `no, no, no` is a way of speaking."""


def is_degenerate(text: str) -> bool:
    """Return True if the text ends in a loop, or SHARE of its character 8-grams are repeats."""
    text = re.sub(r"\s+", " ", text).strip()
    # Masked, because `1. Yes 2. Yes 3. Yes` is a loop; also unmasked, because 1000000... is.
    masked = re.sub(r"\d+", "#", text)[-WINDOW:]
    if repeated_share(masked) >= SHARE:
        return True
    return max(loop_length(masked), loop_length(text[-WINDOW:])) >= LOOP_LENGTH


def repeated_share(text: str, gram: int = GRAM) -> float:
    """Return the share of character n-grams that stand earlier in the text already, 0 to 1."""
    grams = [text[i : i + gram] for i in range(len(text) - gram + 1)]
    grams = [piece for piece in grams if _says_something(piece)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def loop_length(text: str, times: int = LOOP_TIMES) -> int:
    """Return the length of the longest ending that repeats one unit at least `times` times.

    The last unit may be cut off.
    """
    longest = 0
    for period in range(1, len(text) // times + 1):
        length = _periodic_ending(text, period)
        if length >= times * period and _says_something(text[-period:]):
            longest = max(longest, length)
    return longest


def _periodic_ending(text: str, period: int) -> int:
    """Return the length of the longest ending in which each character recurs after `period`."""
    start = len(text) - period
    while start > 0 and text[start - 1] == text[start - 1 + period]:
        start -= 1
    return len(text) - start


def _says_something(text: str) -> bool:
    return any(char.isalnum() for char in text)
