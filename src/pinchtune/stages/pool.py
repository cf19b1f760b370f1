"""Where the pinch is drawn from: the approved examples of the store, or the file data.pinch.

Once a project collects, its store is the only pool: a file beside it would be a way around the
approval. Either way a row that nobody approved is not drawn, unless somebody says so by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pinchtune.data.mix import hash_examples
from pinchtune.languages import LANGUAGES
from pinchtune.records import STATUSES, Example, content_hash

if TYPE_CHECKING:
    from pinchtune.store import Row, Store

OVERRIDE = "--train-on-unapproved-examples"
"""The option of `pinch mix` and `pinch run` that draws rows nobody approved."""


@dataclass(frozen=True)
class Pool:
    """The rows that the pinch may be drawn from, and those that may not."""

    source: str
    """The file, or the database without its user and password."""
    collected: bool
    """True if the rows come from the store."""
    read: Callable[[], Sequence[Example]]
    """Reads every row of the source, whatever its status."""
    unapproved: bool = False
    """True if rows that nobody approved may be drawn too."""

    @cached_property
    def rows(self) -> Sequence[Example]:
        """Every row of the source, read once."""
        return self.read()

    @cached_property
    def drawable(self) -> list[Example]:
        """The rows that may be drawn."""
        approved = [e for e in self.rows if e.status == "approved"]
        others = [e for e in self.rows if self.unapproved and e.status != "approved"]
        return [*others, *approved]  # of the same text twice, the last one counts

    @cached_property
    def hash(self) -> str:
        """Hash of the rows that may be drawn: every approval, and every withdrawal, changes it."""
        return hash_examples(self.drawable)

    @cached_property
    def relatives(self) -> list[Example]:
        """The rows that may not be drawn, but are parallel to one that may."""
        kept = {e.parallel_id for e in self.drawable if e.parallel_id}
        return [e for e in self.rows if e.status != "approved" and e.parallel_id in kept]

    @cached_property
    def statuses(self) -> dict[str, int]:
        """How many rows of each status the source has."""
        counts = Counter(e.status for e in self.rows)
        return {status: counts[status] for status in STATUSES if counts[status]}

    def facts(self, drawn: Sequence[Example]) -> dict[str, Any]:
        """Return what the manifest of the mixture says about the pool."""
        approved = [e for e in self.rows if e.status == "approved"]
        return {
            "source": self.source,
            "collected": self.collected,
            "statuses": self.statuses,
            "approved_sha256_16": hash_examples(approved),
            "override": OVERRIDE if self.unapproved else "",
            "unapproved_drawn": count_unapproved(drawn),
        }

    def sentence(self) -> str:
        """Return one line on where the pinch is drawn from, and what is left out."""
        others = [f"{n} {status}" for status, n in self.statuses.items() if status != "approved"]
        text = f"pinch pool: {self.statuses.get('approved', 0)} approved examples of {self.source}"
        if others:
            way = f"taken too by {OVERRIDE}" if self.unapproved else "not taken"
            text += f" ({way}: {', '.join(others)})"
        return text + ("; data.pinch is not read" if self.collected else "")

    @property
    def worth_saying(self) -> bool:
        """True if a person would not expect the pool to be what it is."""
        return self.collected or self.unapproved or set(self.statuses) != {"approved"}

    @property
    def aside(self) -> str:
        """What a sentence on missing rows ends with: the pool, where nobody would expect it."""
        return f" ({self.sentence()})" if self.worth_saying else ""


def is_known(language: str) -> bool:
    """True if the language table has a row for the tag."""
    return language.split("-")[0].lower() in LANGUAGES


def count_unapproved(examples: Sequence[Example]) -> int:
    """Return how many of the examples nobody approved."""
    return sum(e.status != "approved" for e in examples)


def read_store(store: Store) -> list[Example]:
    """Return every row of the store as an example, in an order that only their content decides."""
    from pinchtune.store.examples import everything
    from pinchtune.store.settings import read_settings

    license = read_settings(store).license
    found = [to_example(row, license) for row in everything(store)]
    return sorted(found, key=lambda e: (e.id, e.extra["row"]))


def to_example(row: Row, license: str = "") -> Example:
    """Return a collected row as an example; its author is a hash, never a name.

    `license` is that of a row which names none.
    """
    extra = {"origin": row.origin, "row": row.id, "version": row.version}
    if row.text.drafted_by:
        extra["drafted_by"] = row.text.drafted_by
    return Example(
        instruction=row.text.instruction,
        response=row.text.response or None,
        # Of a language that is not in the table: nobody can draw it, and it stops nobody.
        language=row.language if is_known(row.language) else "",
        license=row.text.license or license,
        domain=row.text.domain,
        author=content_hash(["person", row.author]) if row.author else "",
        status=row.status,
        parallel_id=row.parallel_id,
        extra=extra,
    )
