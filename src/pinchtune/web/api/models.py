"""What goes in and out of the API. Unknown fields are refused, so that a slip is not lost."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pinchtune.errors import UsageError
from pinchtune.languages import get_language
from pinchtune.store import Person, Row, Template, Term, Text, Version
from pinchtune.store.texts import LONGEST

LONGEST_NAME = 200
MOST = 2**31 - 1
"""The largest number that every database holds in a column of whole numbers."""


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds a character that cannot be stored; remove it")
    return text


def _known(code: str) -> str:
    try:
        get_language(code)
    except UsageError:
        raise ValueError("is not a known language; write a tag such as ja or pt-BR") from None
    return code


Checked = Annotated[str, AfterValidator(_storable)]
Instruction = Annotated[Checked, Field(max_length=LONGEST["instruction"])]
Response = Annotated[Checked, Field(max_length=LONGEST["response"])]
Reason = Annotated[Checked, Field(min_length=1, max_length=2000)]
Name = Annotated[Checked, Field(max_length=LONGEST_NAME)]
Language = Annotated[
    str,
    Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["ja"]),
    AfterValidator(_known),
]
Revision = Annotated[int, Field(ge=0, le=MOST, description="The revision that you saw.")]
Status = Literal["draft", "submitted", "approved", "rejected"]


class In(BaseModel):
    """A body that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextIn(In):
    """What an author writes."""

    instruction: Instruction = ""
    response: Response = ""
    license: Name = ""
    domain: Name = ""
    drafted_by: Name = Field("", description="Model that drafted the response, if one did.")

    def text(self) -> Text:
        """Return it as the store takes it."""
        return Text(**{name: getattr(self, name) for name in TextIn.model_fields})


class NewRow(TextIn):
    """A new example."""

    language: Language
    site: Name = ""
    template: Name = Field("", description="Kind of the template that it was written from.")
    submit: bool = Field(False, description="Hand it in at once.")


class SaveIn(TextIn):
    """A new text of an example."""

    revision: Revision


class AtRevision(In):
    """What is done to an example as the caller saw it."""

    revision: Revision


class SendBack(AtRevision):
    """A return to the author."""

    reason: Annotated[Reason, Field(description="The author sees it.")]


class HandOver(In):
    """A translation task."""

    language: Language
    to: Name | None = Field(None, description="Id of the person; null: whoever takes it.")


class CheckIn(TextIn):
    """A text to be checked."""

    language: Language
    id: Name = Field("", description="The example's own id, so that it is no duplicate of itself.")


class RowOut(BaseModel):
    """An example at its newest version."""

    id: str
    language: str
    site: str
    status: Status
    version: int
    revision: int
    instruction: str
    response: str
    license: str
    domain: str
    drafted_by: str
    author: str
    author_name: str
    editors: list[str]
    assigned_to: str | None
    template: str
    parallel_id: str
    source_id: str | None
    origin: str
    reason: str
    created: datetime
    updated: datetime

    @classmethod
    def of(cls, row: Row) -> RowOut:
        """Return a row of the store as it is sent."""
        texts = asdict(row.text)
        return cls(**texts, **{n: getattr(row, n) for n in cls.model_fields if n not in texts})


class PageOut(BaseModel):
    """Some examples."""

    rows: list[RowOut]
    next: str | None
    """Hand it in as `after` for the next page; null after the last one."""


class HintOut(BaseModel):
    """Something worth knowing about a text."""

    kind: str
    field: str
    values: dict[str, Any]
    severe: bool


class TermOut(BaseModel):
    """A term of the trade."""

    id: str
    language: str
    term: str
    variants: list[str]
    note: str
    enquiries: int
    site: str

    @classmethod
    def of(cls, term: Term) -> TermOut:
        """Return a term of the store as it is sent."""
        return cls(**asdict(term))


class CoverageOut(BaseModel):
    """Which terms the approved examples of a language use."""

    language: str
    share: float
    covered: list[TermOut]
    missing: list[TermOut]
    """Those that most enquiries contain first."""


class TemplateOut(BaseModel):
    """A typical enquiry to start from."""

    id: str
    language: str
    kind: str
    title: str
    hint: str
    instruction: str
    response: str

    @classmethod
    def of(cls, template: Template) -> TemplateOut:
        """Return a template of the store as it is sent."""
        return cls(**{name: getattr(template, name) for name in cls.model_fields})


class LanguageStatus(BaseModel):
    """How far a language is."""

    language: str
    goal: int
    draft: int
    submitted: int
    approved: int
    rejected: int
    oldest_waiting: datetime | None
    """Since when the longest waiting example waits for an approver."""


class StatusOut(BaseModel):
    """How far the project is."""

    name: str
    languages: list[LanguageStatus]


class ExampleOut(BaseModel):
    """An approved example as training takes it; its author is a hash."""

    model_config = ConfigDict(extra="allow")

    id: str
    language: str
    instruction: str
    response: str | None = None


class ExamplesOut(BaseModel):
    """Some approved examples."""

    examples: list[ExampleOut]
    next: str | None


class GrantOut(BaseModel):
    """One role; an empty language or site means all."""

    role: str
    language: str
    site: str


class MeOut(BaseModel):
    """Whom the token acts for."""

    id: str
    name: str
    locale: str
    grants: list[GrantOut]

    @classmethod
    def of(cls, person: Person) -> MeOut:
        """Return a person as they are sent to themself."""
        grants = [GrantOut(**grant._asdict()) for grant in person.grants]
        return cls(id=person.id, name=person.name, locale=person.locale, grants=grants)


class DecisionOut(BaseModel):
    """An approval, or a return."""

    person: str
    approved: bool
    reason: str
    at: datetime


class VersionOut(BaseModel):
    """One text that was handed in."""

    version: int
    instruction: str
    response: str
    license: str
    domain: str
    drafted_by: str
    editor: str
    created: datetime
    decisions: list[DecisionOut]

    @classmethod
    def of(cls, version: Version) -> VersionOut:
        """Return a version of the store as it is sent."""
        return cls(
            version=version.version,
            **asdict(version.text),
            editor=version.editor,
            created=version.created,
            decisions=[
                DecisionOut(person=d.person, approved=d.approved, reason=d.reason, at=d.at)
                for d in version.decisions
            ],
        )
