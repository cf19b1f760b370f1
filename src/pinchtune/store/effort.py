"""How long people wrote and approved, as far as the history shows it.

Two actions of one person that lie close together are work: the time between them is what the
second one took. A longer gap is a pause and counts nothing, so the sum says "at least so long":
what came before the first action of a sitting, and a text that was typed on for longer than a
pause (saving it again adds no line), cannot be seen. What a program did cannot be seen either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from pinchtune.store import schema
from pinchtune.store.database import Store

WRITING = ("created", "saved", "submitted", "withdrew")
APPROVING = ("approved", "sent back", "edited", "rated")
HERE = ("web", "handed over")
"""Origins of what is written in the workplace itself."""
LEAST = timedelta(seconds=1)
"""A person takes longer than this for an action; a program that hands in a file does not."""


class Action(NamedTuple):
    """One line of the history."""

    at: datetime
    person: str
    name: str
    subject: str
    language: str
    """Of the example that it was done to; empty for anything else."""
    is_here: bool = True
    """False for an example that was written elsewhere and handed in."""


@dataclass
class Effort:
    """What the history shows of one language."""

    language: str
    writing: float = 0.0
    """Seconds."""
    approving: float = 0.0
    """Seconds."""
    handed_in: set[str] = field(default_factory=set)
    """Examples that were submitted, by id."""
    seen: set[str] = field(default_factory=set)
    """Those on whose writing time was seen."""
    decisions: int = 0
    """Approvals, returns, corrections and second opinions."""
    decisions_seen: int = 0
    """Those on which time was seen."""

    @property
    def written(self) -> int:
        """Number of examples that were submitted."""
        return len(self.handed_in)

    @property
    def written_seen(self) -> int:
        """Number of those on whose writing time was seen."""
        return len(self.handed_in & self.seen)


def measure_effort(store: Store, pause: timedelta) -> list[Effort]:
    """Return the effort in each language, by code; a gap longer than `pause` is no work."""
    lines, examples = schema.history.c, schema.examples.c
    query = (
        sa.select(
            lines.at, lines.person, lines.action, lines.subject,
            sa.func.coalesce(examples.language, ""), examples.origin.in_(HERE),
        )
        .outerjoin_from(schema.history, schema.examples, examples.id == lines.subject)
        .where(lines.person.is_not(None))
        .order_by(lines.person, lines.id)
    )  # fmt: skip
    with store.read() as connection:
        return count_effort((Action(*row) for row in connection.execute(query)), pause)


def count_effort(actions: Iterable[Action], pause: timedelta) -> list[Effort]:
    """Return the effort in each language from actions in order, those of a person together."""
    found: dict[str, Effort] = {}
    last: Action | None = None
    for action in actions:
        gap = action.at - last.at if last and last.person == action.person else None
        last = action
        if action.name not in (*WRITING, *APPROVING):
            continue
        effort = found.setdefault(action.language, Effort(action.language))
        works = gap is not None and LEAST <= gap <= pause and _is_work(action)
        _add(effort, action, gap.total_seconds() if gap and works else 0.0)
    return [found[code] for code in sorted(found)]


def _is_work(action: Action) -> bool:
    """Say whether what comes before an action can be work on it: not on what came in a file."""
    return action.is_here or action.name != "created"


def _add(effort: Effort, action: Action, seconds: float) -> None:
    if action.name in APPROVING:
        effort.approving += seconds
        effort.decisions += 1
        effort.decisions_seen += seconds > 0
        return
    effort.writing += seconds
    if seconds and action.is_here:
        effort.seen.add(action.subject)
    if action.name == "submitted":
        effort.handed_in.add(action.subject)
