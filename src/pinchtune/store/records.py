"""What the store hands out: frozen records, readable without a database.

Times are UTC and aware. Ids are 32 hex digits. An empty language or site in a grant means all
of them. These records know no rule but one: what a grant covers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pinchtune.records import Status

Role = Literal["administrator", "author", "approver", "reader"]
ROLES: tuple[Role, ...] = ("administrator", "author", "approver", "reader")
Verdict = Literal["good", "unsure", "bad"]
VERDICTS: tuple[Verdict, ...] = ("bad", "unsure", "good")
"""What a second opinion can say, worst first (the order of an ordinal scale)."""
ORIGINS = ("web", "sheet", "api", "cli", "handed over")
"""The ways by which an example comes into the store."""


class Grant(NamedTuple):
    """One role of one person, for a language and a site; empty means all."""

    role: Role
    language: str = ""
    site: str = ""

    def covers(self, role: Role, language: str, site: str) -> bool:
        """True if the grant gives `role` for an example of this language and site."""
        return self.role == role and self.language in ("", language) and self.site in ("", site)


@dataclass(frozen=True)
class Person:
    """Somebody who may enter."""

    id: str
    name: str
    email: str = ""
    grants: tuple[Grant, ...] = ()
    active: bool = True
    locale: str = "en"

    def has(self, role: Role) -> bool:
        """True if the person holds the role for any language."""
        return any(grant.role == role for grant in self.grants)

    def may(self, role: Role, language: str, site: str = "") -> bool:
        """True if the person holds the role for an example of this language and site."""
        return any(grant.covers(role, language, site) for grant in self.grants)

    def languages(self, role: Role) -> tuple[str, ...]:
        """Return the languages of the person's grants of a role; ("",) if it is all of them."""
        found = {grant.language for grant in self.grants if grant.role == role}
        return ("",) if "" in found else tuple(sorted(found))


@dataclass(frozen=True)
class Text:
    """What an author writes."""

    instruction: str = ""
    response: str = ""
    license: str = ""
    domain: str = ""
    drafted_by: str = ""
    """Name of the model that drafted the response, if one did."""


@dataclass(frozen=True)
class Row:
    """One example at its newest version."""

    id: str
    language: str
    site: str
    status: Status
    version: int
    """Grows when a text that was once submitted is changed."""
    revision: int
    """Grows with every change; whoever changes the row names the revision that they saw."""
    text: Text
    author: str
    """Person id; empty while nobody has taken a translation task."""
    author_name: str
    editors: tuple[str, ...]
    """Ids of everybody whose words are in it, the author among them; none may approve it."""
    assigned_to: str | None
    template: str
    """Kind of the template that it was written from."""
    parallel_id: str
    """Shared by the same example in other languages; empty if there is none."""
    source_id: str | None
    """The row that it translates."""
    origin: str
    """One of ORIGINS."""
    reason: str
    """Why it was sent back the last time; empty again once it is approved."""
    sampled: bool
    """True if it is one of those that several approvers rate."""
    created: datetime
    updated: datetime

    @property
    def is_free(self) -> bool:
        """True for a translation task that nobody has taken."""
        return not self.author and self.assigned_to is None


@dataclass(frozen=True)
class Page:
    """Some rows, and where the next page begins."""

    rows: tuple[Row, ...]
    after: str
    """Hand this to the next call; empty after the last row."""


@dataclass(frozen=True)
class Version:
    """One text of an example as it was submitted, and what was decided on it."""

    version: int
    text: Text
    editor: str
    editor_name: str
    created: datetime
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Decision:
    """One approval or return of one version."""

    person: str
    person_name: str
    approved: bool
    reason: str
    at: datetime


@dataclass(frozen=True)
class Approval:
    """Who approved a row that is approved now; what the dataset card is made from."""

    example: str
    version: int
    person: str
    at: datetime


@dataclass(frozen=True)
class Event:
    """One line of the history."""

    id: int
    at: datetime
    person: str
    """Empty for what nobody in particular did."""
    person_name: str
    action: str
    subject: str
    """Id of what it was done to."""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Invitation:
    """An invitation that was not accepted yet."""

    id: str
    name: str
    email: str
    grants: tuple[Grant, ...]
    expires: datetime


@dataclass(frozen=True)
class Token:
    """A token of the API, without its secret."""

    id: str
    person: str
    label: str
    created: datetime
    expires: datetime
    used: datetime | None


@dataclass(frozen=True)
class Term:
    """A term of the trade."""

    id: str
    language: str
    term: str
    variants: tuple[str, ...] = ()
    """Other spellings and dialect forms."""
    note: str = ""
    enquiries: int = 0
    """How many enquiries contain it."""
    site: str = ""


@dataclass(frozen=True)
class Template:
    """A typical enquiry that an author can start from."""

    id: str
    language: str
    kind: str
    title: str
    hint: str
    instruction: str
    response: str
    position: int = 0
    active: bool = True


@dataclass(frozen=True)
class Settings:
    """What a project has decided about its collecting."""

    name: str = ""
    languages: tuple[str, ...] = ()
    """Languages that are collected; empty: any."""
    goals: dict[str, int] = field(default_factory=dict)
    """How many approved examples a language is to have."""
    license: str = ""
    """Licence of an example that names none."""
