"""What the engine is given to write, and what it tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pinchtune.model.pick import Draw
    from pinchtune.serving.writing import Writing

STOP, LENGTH, FAILED = "stop", "length", "failed"


class Piece(NamedTuple):
    """What has become of an answer: its next words, and at the end why it ends."""

    text: str
    tokens: int
    """Tokens so far, the end token included."""
    finish: str = ""
    """`stop`, `length` or `failed` in the last piece."""


@dataclass
class Job:
    """One answer that is to be written."""

    ids: list[int]
    """Tokens of the prompt."""
    limit: int
    """Most tokens of the answer."""
    writing: Writing
    tell: Callable[[Piece], None]
    """Called in the engine's thread."""
    draw: Draw | None = None
    """How its tokens are sampled; None takes the likeliest."""
    tokens: int = 0
    """Tokens so far."""
    ended: bool = False
    """True if it has its last piece, or nobody waits for it any more."""

    def take(self, token: int, ends: set[int]) -> None:
        """Add a token and tell what it shows."""
        self.tokens += 1
        is_end = token in ends
        text = "" if is_end else self.writing.add(token)
        finish = ""
        if is_end or self.writing.stopped:
            finish = STOP
        elif self.tokens >= self.limit:
            finish = LENGTH
        if finish:
            text += self.writing.end()
            # The rest of a letter can complete a stop.
            finish = STOP if self.writing.stopped else finish
        if text or finish:
            self._tell(Piece(text, self.tokens, finish))

    def fail(self) -> None:
        """Tell that nothing more comes."""
        if not self.ended:
            self._tell(Piece("", self.tokens, FAILED))

    def _tell(self, piece: Piece) -> None:
        if piece.finish:
            self.ended = True
        self.tell(piece)
