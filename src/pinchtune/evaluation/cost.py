"""What a judge costs: estimated before it starts, counted while it works, and never past a limit.

Prices are those of the user, in any currency, per million tokens.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, NamedTuple

from pinchtune.errors import RunError
from pinchtune.patterns import compile_pattern

TOKENS_A_CHARACTER = {
    r"[\p{ASCII}&&\p{L}]": 0.26,
    r"[\p{Script=Latin}--\p{ASCII}]": 0.65,
    r"\p{Script=Cyrillic}": 0.30,
    r"\p{Script=Arabic}": 0.38,
    r"\p{Script=Hebrew}": 0.52,
    r"[\p{Script=Devanagari}\p{Script=Bengali}]": 0.28,
    r"\p{Script=Thai}": 0.34,
    r"\p{Script=Hangul}": 0.65,
    r"[\p{Hiragana}\p{Katakana}]": 0.40,
    r"\p{Han}": 0.68,
    r"\s": 0.08,
}
"""Tokens that a character of a kind takes, by Gemma 3's tokenizer on texts in 27 languages.
Other tokenizers differ: older ones take many more outside Latin letters."""
OTHER_CHARACTERS = 1.0
"""Tokens of any other character: a digit, a punctuation mark, a letter of a rarer script."""
TOKENS_A_MESSAGE = 8
"""Tokens around a message that a chat template adds."""
REPLY_TOKENS = 90
"""Tokens of a usual verdict."""
MILLION = 1_000_000

Messages = Sequence[Mapping[str, str]]


class Prices(NamedTuple):
    """Price of a million tokens."""

    input: float
    output: float

    def cost(self, prompt_tokens: int, tokens: int) -> float:
        """Return what so many tokens read and written cost."""
        return (prompt_tokens * self.input + tokens * self.output) / MILLION


FREE = Prices(0.0, 0.0)


@dataclass(frozen=True)
class Bill:
    """What an evaluation asks of the judge, and what that costs."""

    requests: int
    """Questions in all: each pair of answers in both orders."""
    stored: int
    """Those whose reply is stored already."""
    prompt_tokens: int
    """Tokens to be read for the rest, estimated."""
    tokens: int
    """Tokens to be written for the rest, estimated."""
    cost: float
    """Cost of the rest, estimated."""
    paid: float
    """What the stored replies cost."""
    priced: bool
    """False if no price is set, so that the costs are 0."""

    def to_json(self) -> dict[str, Any]:
        """Return the bill as a JSON object."""
        return asdict(self)

    def text(self) -> str:
        """Return one sentence."""
        if not self.requests:
            return "the judge of this project asks nobody and costs nothing"
        asked = f"{self.requests - self.stored:,} requests to the judge"
        stored = f" ({self.stored:,} are stored)" if self.stored else ""
        tokens = f"about {self.prompt_tokens:,} tokens in and {self.tokens:,} out"
        price = f"cost about {self.cost:,.2f}" if self.priced else "no price is set"
        paid = f", {self.paid:,.2f} are paid already" if self.paid else ""
        return f"{asked}{stored}: {tokens}; {price}{paid}"


NOTHING = Bill(0, 0, 0, 0, 0.0, 0.0, True)
"""The bill of a judge that asks nobody."""


class Budget:
    """Money that may be spent: a request has to fit in at its worst before it is made."""

    def __init__(self, limit: float, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self._held: list[float] = []
        self._change = threading.Condition()

    @contextmanager
    def room(self, most: float) -> Iterator[None]:
        """Hold `most` while the block runs; waits for what others hold, RunError if it is short."""
        with self._change:
            while self._held and not self._fits(most):
                self._change.wait()
            if not self._fits(most):
                raise RunError(
                    f"judge.cost_limit: the next request could pass {self.limit:,.2f} "
                    f"({self.spent:,.2f} are spent); raise it and run the command again, what is "
                    "paid for is kept"
                )
            self._held.append(most)
        try:
            yield
        finally:
            with self._change:
                self._held.remove(most)
                self._change.notify_all()

    def pay(self, cost: float) -> None:
        """Count what a request has cost."""
        with self._change:
            self.spent += cost

    def _fits(self, most: float) -> bool:
        return not self.limit or self.spent + sum(self._held) + most <= self.limit


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text takes."""
    counts = Counter(text)
    total = 0.0
    for pattern, rate in TOKENS_A_CHARACTER.items():
        for char in compile_pattern(pattern).findall("".join(counts)):
            total += rate * counts.pop(char)
    return ceil(total + OTHER_CHARACTERS * counts.total())


def estimate_messages(messages: Messages) -> int:
    """Return about how many tokens messages take."""
    return sum(estimate_tokens(m["content"]) + TOKENS_A_MESSAGE for m in messages)


def most_tokens(messages: Messages) -> int:
    """Return more tokens than messages can take: no tokenizer makes more than one of a byte."""
    return len(json.dumps(messages, ensure_ascii=False).encode("utf-8", "replace"))
