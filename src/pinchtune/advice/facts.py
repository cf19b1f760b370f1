"""What is known about a language: how the base model reads it, who asks in it, what it costs.

Figures of two languages compare because they come from the same content: parallel texts. Bits
per byte alone do not (a script of three bytes a letter looks cheap), so the advice reads the
information parity of Tsvetkov and Kipnis (Findings of EMNLP 2024): the bits that the content
costs in English over the bits that it costs in the language. It predicts results of tasks better
than fertility does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

from pinchtune.advice.mexa import chance
from pinchtune.languages import get_language

MEXA_LEAST = 0.05
"""Below it a language is hardly known. MEXA times the English result is what the method expects
of a language, so this is a twentieth of what the model can do in English."""
CHANCES = 2.0
"""Nor is it known if its MEXA is not this many times what it would be by chance."""
PARITY_LEAST = 0.8
"""A language is also hardly known if its parity is below this share of the median parity."""


class Texts(NamedTuple):
    """How some texts of one language were written and tokenized."""

    tokens: int
    words: int
    characters: int


@dataclass(frozen=True)
class LanguageFacts:
    """One language; None where nothing is known."""

    code: str
    pairs: int = 0
    """Parallel texts with English that the figures of the base model rest on."""
    tokens_per_word: float | None = None
    """None where words are not separated by spaces."""
    tokens_per_character: float | None = None
    premium: float | None = None
    """Tokens of the texts over the tokens of the same texts in English."""
    bits_per_byte: float | None = None
    parity: float | None = None
    """Bits of the English responses over the bits of the same responses in this language."""
    mexa: float | None = None
    """MEXA against English, mean over the layers."""
    mexa_best: float | None = None
    """MEXA against English in the layer where it is highest."""
    enquiries: int | None = None
    """Enquiries in the language; None if none were mined."""
    cost: float = 1.0
    """Cost of one example."""
    examples: int = 0
    """Examples in the pool."""

    @property
    def script(self) -> str:
        """Its usual script."""
        return get_language(self.code).scripts[0]

    @property
    def knowledge(self) -> float | None:
        """How well the base knows it, 0 to 1: the mean of MEXA and parity; None if unknown."""
        known = [min(1.0, v) for v in (self.mexa, self.parity) if v is not None]
        return sum(known) / len(known) if known else None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object, the facts of the language table beside the measured ones."""
        row = get_language(self.code)
        table = {"script": self.script, "branch": row.family, "family": row.stock}
        known = self.knowledge
        rounded = {k: _round(v) for k, v in asdict(self).items()}
        return {**rounded, **table, "knowledge": _round(known)}


def _round(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def describe_texts(texts: Sequence[str], tokens: int) -> Texts:
    """Return the counts of texts that were tokenized into `tokens` tokens in all."""
    return Texts(tokens, sum(len(t.split()) for t in texts), sum(len(t) for t in texts))


def fertility(code: str, texts: Texts, english: Texts) -> dict[str, float | None]:
    """Return tokens per word and character, and the tokens that the same content takes."""
    spaced = get_language(code).spaced
    return {
        "tokens_per_word": texts.tokens / texts.words if spaced and texts.words else None,
        "tokens_per_character": texts.tokens / texts.characters if texts.characters else None,
        "premium": texts.tokens / english.tokens if english.tokens else None,
    }


class Warned(NamedTuple):
    """Why a pinch in a language is not expected to help, or cannot be judged."""

    code: str
    reason: str
    """`mexa`, `parity` or `unmeasured`."""
    value: float | None
    limit: float | None
    chance: float | None = None
    """What MEXA would be if the cosines meant nothing."""


def warn(facts: Mapping[str, LanguageFacts], codes: Sequence[str]) -> list[Warned]:
    """Return the warnings about the languages, in their order; at most two for each."""
    found = [
        f.parity for code, f in sorted(facts.items()) if f.parity is not None and code in codes
    ]
    least = PARITY_LEAST * median(found) if found else None
    warned = []
    for code in codes:
        row = facts.get(code, LanguageFacts(code))
        if row.knowledge is None:
            warned.append(Warned(code, "unmeasured", None, None))
        by_chance = chance(row.pairs)
        limit = max(MEXA_LEAST, CHANCES * by_chance)
        if row.mexa is not None and row.mexa < limit:
            warned.append(Warned(code, "mexa", row.mexa, limit, by_chance))
        if row.parity is not None and least is not None and row.parity < least:
            warned.append(Warned(code, "parity", row.parity, least))
    return warned


def hardly_known(warned: Sequence[Warned]) -> frozenset[str]:
    """Return the languages that were warned about because the base hardly knows them."""
    return frozenset(w.code for w in warned if w.reason != "unmeasured")
