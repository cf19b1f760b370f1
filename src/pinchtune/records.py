"""The records that stages exchange: frozen, and readable without any library.

`Example` is one instruction-response pair with its language. Its id is the hash of its
content, so two files that hold the same pair agree on its name. `Answer` is what a model
generated for an evaluation prompt; `Verdict` is one judgement of one pair of answers, and
`Judgement` what one person said, from which a verdict is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

Status = Literal["draft", "submitted", "approved", "rejected"]
STATUSES: tuple[Status, ...] = ("draft", "submitted", "approved", "rejected")


class Message(NamedTuple):
    """One turn of a conversation; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


def content_hash(value: object) -> str:
    """Return 16 hex digits of the SHA-256 of `value` as canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Example:
    """One instruction-response pair with its language."""

    instruction: str
    """What the user asks (the last user turn of a conversation)."""
    response: str | None = None
    """The model response; None in prompt-only rows."""
    language: str = ""
    """BCP-47 tag; empty until declared or identified."""
    input: str = ""
    """Text that the instruction is about (alpaca's `input`)."""
    system: str = ""
    """System message, if any."""
    history: tuple[tuple[str, str], ...] = ()
    """Earlier turns as (user, assistant) pairs, oldest first."""
    source: str = ""
    """Where the example came from."""
    license: str = ""
    """Licence of the example."""
    domain: str = ""
    """Trade or topic."""
    author: str = ""
    """Who wrote it."""
    status: Status = "approved"
    """Where it stands in the approval; files are approved by whoever handed them in."""
    parallel_id: str = ""
    """Shared by the same example in different languages."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Columns that pinchtune does not know, kept as they came."""

    @cached_property
    def id(self) -> str:
        """Content hash over language and text: the same pair has the same id anywhere."""
        return content_hash(
            [self.language, self.system, self.history, self.instruction, self.input, self.response]
        )

    @property
    def prompt(self) -> str:
        """Instruction and input as the user's last message."""
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction

    def messages(self) -> Iterator[Message]:
        """Yield the conversation; the last assistant turn is left out when there is none."""
        if self.system:
            yield Message("system", self.system)
        for user, assistant in self.history:
            yield Message("user", user)
            yield Message("assistant", assistant)
        yield Message("user", self.prompt)
        if self.response is not None:
            yield Message("assistant", self.response)

    def prompt_messages(self) -> list[Message]:
        """Return the conversation up to the response that a model is to write."""
        return [*replace(self, response=None).messages()]

    def to_row(self) -> dict[str, Any]:
        """Return the canonical JSON row; empty optional fields are left out, extras kept."""
        row: dict[str, Any] = {"id": self.id, "language": self.language}
        for name in ("instruction", "response", *OPTIONAL_FIELDS):
            value = getattr(self, name)
            if value or name in ("instruction", "response"):
                row[name] = [list(turn) for turn in value] if name == "history" else value
        return row | {k: v for k, v in self.extra.items() if k not in row}


OPTIONAL_FIELDS = tuple(
    f.name
    for f in fields(Example)
    if f.name not in ("instruction", "response", "language", "extra")
)


@dataclass(frozen=True)
class Answer:
    """What a model generated for one evaluation prompt."""

    prompt_id: str
    """Id of the evaluation example."""
    language: str
    """Language of the prompt."""
    text: str
    """The generated answer, without special tokens."""
    stopped: bool
    """True if the model ended the answer by itself within the token limit."""
    tokens: int
    """Number of generated tokens, the end token included."""

    def to_row(self) -> dict[str, Any]:
        """Return the JSON row of answers.jsonl."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """One judgement of one pair of answers to one prompt."""

    prompt_id: str
    """Id of the evaluation example."""
    language: str
    """Language of the prompt."""
    score: float | None
    """Score of the second arm against the first: 1 win, 0.5 tie, 0 loss, None unscored."""
    first_order: str
    """Choice with the arms in order: `a`, `b`, `tie`, or `error`; empty if nobody saw this one."""
    second_order: str
    """Choice with the arms swapped, named by arm as above."""
    reason: str
    """Why, in a few words."""
    judge: str
    """Name and version of the judge."""
    a_in_language: bool | None = None
    """Whether the judge found the first arm's answer in the right language; None if it does not
    say, or says both."""
    b_in_language: bool | None = None
    """The same of the second arm's answer."""
    seed: int = 0
    """Which seed of the comparison the two answers are from, counted from 0."""

    def to_row(self) -> dict[str, Any]:
        """Return the JSON row of verdicts.jsonl."""
        return asdict(self)


@dataclass(frozen=True)
class Judgement:
    """What one person said about a pair of answers, or about one of them."""

    round: str
    """Id of the round of judging."""
    mode: str
    """`pairs` or `grades`."""
    rater: int
    """The person's number; their name stays in the database."""
    prompt_id: str
    """Id of the evaluation example."""
    pair: str
    """Name of the two answers, made from their texts: what is said of others is not about these."""
    language: str
    """Language of the prompt."""
    arm: str
    """`a` or `b`, the arm that a grade is about; empty for a pair."""
    choice: str
    """`a`, `b`, `good`, `bad` of a pair; `excellent`, `pass`, `fail` of one answer."""
    swapped: bool
    """True if the second arm's answer was shown first."""
    wrong: tuple[str, ...]
    """Arms whose answer was said to be in the wrong language."""
    at: str
    """When, in UTC."""

    def to_row(self) -> dict[str, Any]:
        """Return the JSON row of people.jsonl."""
        return {**asdict(self), "wrong": list(self.wrong)}
