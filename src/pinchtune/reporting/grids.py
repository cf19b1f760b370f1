"""Tables as text: for pages, and as Markdown for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """A table as text."""

    title: str
    header: list[str]
    rows: list[list[str]]

    def to_markdown(self) -> str:
        """Return it as Markdown."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        body = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
        return "\n".join([f"### {self.title}", "", *body])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def to_markdown(tables: Sequence[Table]) -> str:
    """Return tables as one Markdown text."""
    return "\n\n".join(table.to_markdown() for table in tables) + "\n"
