"""Closeness of an answer to its reference response.

chrF counts shared character n-grams: it works in every script without a tokeniser, and it
sees wording, not truth. A right answer in other words scores low.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


@cache
def _metric() -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@lru_cache(maxsize=2**14)
def chrf(answer: str, reference: str) -> float:
    """Return sentence-level chrF2 (Popović 2015, by sacrebleu), 0 to 100.

    Remembered, because the measure and both orders of the judge ask for the same pairs.
    """
    return float(_metric().sentence_score(answer, [reference]).score)
