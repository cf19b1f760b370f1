"""What a server of the workplace can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinchtune.model.generate import Generator

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class WebSettings:
    """Settings of one server."""

    address: str = ""
    """Where people reach it, for the links in invitations; empty: where their browser is."""
    https: bool = False
    """True if people reach it by https: cookies are then sent by nothing else."""
    form_bytes: int = MEGABYTE
    """Largest form."""
    upload_bytes: int = 20 * MEGABYTE
    """Largest spreadsheet, and largest body of the API."""
    generator: Generator | None = None
    """Drafts responses, if there is one."""
    generator_name: str = ""
    """Name of the model that drafts; it is recorded with the text."""
    refresh: float = 30
    """Seconds for which coverage and suggestions may be old."""

    @property
    def model(self) -> str:
        """Name of the model that drafts; empty if none does."""
        return (self.generator_name or "model") if self.generator else ""
