"""What passes between the server and an A/B test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Exchange:
    """One question that was answered, or failed to be."""

    id: str
    """Unique; feedback names it."""
    time: float
    """Seconds since 1970, at the request."""
    user: str
    """Who asked, as the client names the user; empty if it does not. Never stored as it is."""
    arm: str
    """Arm that answered (`production`, `candidate`, or a name of the configuration)."""
    version: str
    """Version behind the arm at that moment; empty for another server's model."""
    language: str
    """Language of the question, a code of the language table; empty if it cannot be told."""
    answer_language: str
    """Language of the answer; `unknown` if it is in none of the project's, empty if too short."""
    question: str
    """Last message of the user."""
    answer: str
    """Text of the answer; what was sent of it, if the client left."""
    tokens: int
    """Tokens of the answer."""
    seconds: float
    """From the request to the last token."""
    first_seconds: float
    """From the request to the first token."""
    status: int
    """HTTP status; 499 if the client left."""


class Router(Protocol):
    """Says which arm answers."""

    def route(self, user: str, language: str) -> str:
        """Return the name of the arm that answers this user in this language."""


class Recorder(Protocol):
    """Keeps what happened; decides by itself how little of it."""

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange; must be quick, and must not raise for a full disk."""
