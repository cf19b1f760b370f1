"""A language model as judge, behind any OpenAI-compatible endpoint.

Each question is asked once and for all: its reply is stored before it is read, under the hash
of the model, the settings and every word that was sent. So a run that was killed, or that the
cost limit has stopped, goes on without paying again, and verdicts can be made anew for nothing.

It sees the request, the reference response where there is one, and both answers; `rubric.py`
has its words. What it cannot see, and how far to trust it, is in docs/judging.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pinchtune.errors import RunError
from pinchtune.evaluation.cost import (
    FREE,
    REPLY_TOKENS,
    Bill,
    Budget,
    Messages,
    Prices,
    estimate_messages,
    estimate_tokens,
    most_tokens,
)
from pinchtune.evaluation.judge import ATTEMPTS, BrokenVerdict, Choice
from pinchtune.evaluation.replies import Replies
from pinchtune.evaluation.rubric import (
    RESPONSE_FORMAT,
    RUBRIC_VERSION,
    judge_messages,
    read_verdict,
)
from pinchtune.model.endpoint import KEY, Endpoint, Refused, Reply
from pinchtune.records import Example, content_hash

JUDGE_KEY = "PINCH_JUDGE_API_KEY"
"""Environment variable of the judge's key."""
KEYS = (JUDGE_KEY, KEY)
MOST_REPLY_TOKENS = 2048
"""Most tokens of a reply: a verdict takes a hundred, the thoughts before it take the rest."""
FORMS: tuple[dict[str, Any], ...] = (
    {"temperature": 0, "max_tokens": MOST_REPLY_TOKENS, "response_format": RESPONSE_FORMAT},
    {"temperature": 0, "max_tokens": MOST_REPLY_TOKENS},
    {"max_completion_tokens": MOST_REPLY_TOKENS, "response_format": RESPONSE_FORMAT},
)
"""Ways to ask, the best first: not every server knows schemas, nor every model a temperature."""
_OTHER_FORM = frozenset({400, 422})
"""Statuses by which a server may mean the form, and not the question."""

Pair = tuple[Example, str, str]
"""A prompt and the answers of the first and the second arm."""


class LLMJudge:
    """Asks a model at an endpoint; safe to be used by many threads."""

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        replies: Replies,
        prices: Prices = FREE,
        cost_limit: float = 0.0,
    ) -> None:
        self.model, self.endpoint, self.replies, self.prices = model, endpoint, replies, prices
        self.budget = Budget(cost_limit)
        self._form, self._taken = 0, False

    @property
    def name(self) -> str:
        """Name, version of the rubric, and the model."""
        return f"llm-{RUBRIC_VERSION} ({self.model})"

    @property
    def priced(self) -> bool:
        """True if a price is set."""
        return any(self.prices)

    def compare(self, prompt: Example, first: str, second: str) -> Choice:
        """Return the model's choice; BrokenVerdict if no attempt brings one.

        To be asked again after that costs nothing: the broken replies are stored too.
        """
        if first == second:
            return Choice("tie", "the same answer twice")
        problem = BrokenVerdict("not asked")
        for attempt in range(ATTEMPTS):
            messages = judge_messages(prompt, first, second, attempt)
            key = self._key(messages)
            try:
                reply = self.replies.get(key) or self._pay(key, messages)
            except Refused as error:
                raise RunError(f"prompt {prompt.id}: {error}") from error
            try:
                return read_verdict(reply.text)
            except BrokenVerdict as error:
                problem = error
        raise problem

    def bill(self, pairs: Iterable[Pair]) -> Bill:
        """Return what judging these pairs asks and costs."""
        shown = [(p, *order) for p, a, b in pairs if a != b for order in ((a, b), (b, a))]
        questions = [judge_messages(*texts) for texts in shown]
        missing = [m for m in questions if self._key(m) not in self.replies]
        prompt_tokens, tokens = sum(map(estimate_messages, missing)), len(missing) * REPLY_TOKENS
        insisting = [judge_messages(*t, attempt) for t in shown for attempt in range(1, ATTEMPTS)]
        return Bill(
            requests=len(questions),
            stored=len(questions) - len(missing),
            prompt_tokens=prompt_tokens,
            tokens=tokens,
            cost=self.prices.cost(prompt_tokens, tokens),
            paid=sum(map(self._paid, [*questions, *insisting])),
            priced=self.priced,
        )

    def _paid(self, messages: Messages) -> float:
        reply = self.replies.get(self._key(messages))
        return self.prices.cost(reply.prompt_tokens, reply.tokens) if reply else 0.0

    def _key(self, messages: Messages) -> str:
        address = self.endpoint.address.rstrip("/")
        return content_hash([RUBRIC_VERSION, self.model, address, FORMS, messages])

    def _pay(self, key: str, messages: Messages) -> Reply:
        """Ask, and store the reply before anybody reads it."""
        with self.budget.room(self.prices.cost(most_tokens(messages), MOST_REPLY_TOKENS)):
            reply = self._ask(messages)
            if not reply.prompt_tokens:
                read, written = estimate_messages(messages), estimate_tokens(reply.text)
                reply = reply._replace(prompt_tokens=read, tokens=written)
            self.budget.pay(self.prices.cost(reply.prompt_tokens, reply.tokens))
            self.replies.add(key, reply)
        return reply

    def _ask(self, messages: Messages) -> Reply:
        """Ask in the best form that the server takes; the first refusal counts if it takes none."""
        refusal: Refused | None = None
        for form in range(self._form, len(FORMS)):
            try:
                body = {"model": self.model, "messages": messages, **FORMS[form]}
                reply = self.endpoint.ask(body)
            except Refused as error:
                refusal = refusal or error
                if error.status not in _OTHER_FORM or self._taken:
                    break
            else:
                self._form, self._taken = form, True
                return reply
        assert refusal is not None
        raise refusal
