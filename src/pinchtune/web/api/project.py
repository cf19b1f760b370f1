"""What a form of one's own needs beside examples: checks, glossary, templates, progress, export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from pinchtune.collecting.hints import Hint, check_text
from pinchtune.collecting.terms import coverage
from pinchtune.records import Example
from pinchtune.stages.collect import read_status
from pinchtune.stages.pool import to_example
from pinchtune.store import Forbidden, NotFound, Person, Store, examples, glossary, templates
from pinchtune.store.settings import read_settings
from pinchtune.web.api.access import Caller, StoreHere
from pinchtune.web.api.errors import describe
from pinchtune.web.api.models import (
    CheckIn,
    CoverageOut,
    ExampleOut,
    ExamplesOut,
    HintOut,
    Language,
    MeOut,
    StatusOut,
    TemplateOut,
    TermOut,
)
from pinchtune.web.api.rows import After, Limit

router = APIRouter(tags=["project"])
Wanted = Annotated[Language | None, Query(description="Only this language.")]


@router.get("/me", responses=describe())
def get_me(caller: Caller) -> MeOut:
    """Say whom the token acts for, and what they may do."""
    return MeOut.of(caller)


@router.get("/status", responses=describe())
def get_status(store: StoreHere, caller: Caller) -> StatusOut:
    """Say how far each language is."""
    return StatusOut.model_validate(read_status(store))


@router.post("/checks", responses=describe(403))
def check(store: StoreHere, caller: Caller, request: Request, text: CheckIn) -> list[HintOut]:
    """Check a text as the author's page does; nothing is stored."""
    if not _reads(caller, text.language):
        # A near-duplicate would tell what others have written.
        raise Forbidden("You may not see examples in {language}.", language=text.language)
    hints = check_text(
        text.text(),
        text.language,
        others=[o for o in examples.similar_texts(store, text.language) if o[0] != text.id],
        terms=glossary.list_terms(store, text.language),
        evaluated=_evaluated(request),
    )
    return [_hint(store, caller, hint) for hint in hints]


def _reads(person: Person, language: str) -> bool:
    return any(g.role == "administrator" or g.language in ("", language) for g in person.grants)


def _evaluated(request: Request) -> Sequence[Example]:
    found: Sequence[Example] = request.app.state.evaluated
    return found


def _hint(store: Store, caller: Person, hint: Hint) -> HintOut:
    values: dict[str, Any] = dict(hint.values)
    if hint.kind == "near-duplicate" and not _sees(store, caller, str(values.get("id", ""))):
        values.pop("text", None)
    return HintOut(kind=hint.kind, field=hint.field, values=values, severe=hint.severe)


def _sees(store: Store, caller: Person, id: str) -> bool:
    try:
        examples.get(store, caller, id)
    except NotFound:
        return False
    return True


@router.get("/glossary", responses=describe())
def list_glossary(store: StoreHere, caller: Caller, language: Wanted = None) -> list[TermOut]:
    """List the terms of the trade, those that most enquiries contain first."""
    return [TermOut.of(term) for term in glossary.list_terms(store, language or "")]


@router.get("/coverage", responses=describe())
def get_coverage(
    store: StoreHere, caller: Caller, language: Annotated[Language, Query()]
) -> CoverageOut:
    """Say which terms the approved examples of a language use, and which are missing."""
    terms = glossary.list_terms(store, language)
    found = coverage(examples.approved(store), terms, language)
    covered, missing = ([TermOut.of(t) for t in part] for part in (found.covered, found.missing))
    return CoverageOut(language=language, share=found.share, covered=covered, missing=missing)


@router.get("/templates", responses=describe())
def list_enquiries(store: StoreHere, caller: Caller, language: Wanted = None) -> list[TemplateOut]:
    """List the typical enquiries that an author can start from."""
    return [TemplateOut.of(t) for t in templates.list_templates(store, language or "")]


@router.get("/approved", responses=describe())
def export_approved(
    store: StoreHere,
    caller: Caller,
    language: Wanted = None,
    limit: Limit = 50,
    after: After = "",
) -> ExamplesOut:
    """Read the approved examples that you may see, as training takes them; no names of people."""
    page = examples.find(
        store, caller, status="approved", language=language or "", limit=limit, after=after
    )
    license = read_settings(store).license
    found = [ExampleOut.model_validate(to_example(row, license).to_row()) for row in page.rows]
    return ExamplesOut(examples=found, next=page.after or None)
