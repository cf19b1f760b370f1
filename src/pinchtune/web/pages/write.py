"""Writing an example: drafts, saved while typing; checks; the model's draft of a response."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from pinchtune.collecting.drafts import draft_response
from pinchtune.store import Conflict, Invalid, NotFound, Row, Text, examples, templates
from pinchtune.store.acting import new_id, refused
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.atlas import begin_from
from pinchtune.web.pages.form import form_values, read_form, show_conflict, show_form
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _


def new(visit: Visit) -> Response:
    """A form to begin with: empty, or begun from a template or from what people ask."""
    languages = choices.languages_of(visit, "author")
    if not visit.actor.has("author"):
        raise refused("author")
    language = choices.chosen(visit, languages)
    asked, wanted = visit.asked("template"), set(visit.asked("terms").split(","))
    text = Text(license=read_settings(visit.store).license)
    begun = begin_from(visit, language, text)
    return visit.page(
        "write.html.j2",
        **form_values(visit, language, begun.text if begun else text)
        | {
            "languages": languages,
            "begun": begun,
            "template": templates.get_template(visit.store, asked) if asked else None,
            "kinds": templates.list_templates(visit.store, language),
            "wanted": [term for term in visit.web.insight.terms(language) if term.id in wanted],
            "key": new_id(),
        },
    )


def begin(visit: Visit) -> Response:
    """Keep what was written into an empty form; the same form again makes no second example."""
    return _finish(visit, _begin(visit))


def _begin(visit: Visit) -> Row:
    text = read_form(visit)
    row = examples.create(
        visit.store,
        visit.actor,
        visit.sent("language"),
        text,
        site=visit.sent("site"),
        template=visit.sent("template"),
        key=visit.sent("key"),
    )
    if row.text == replace(text, drafted_by=row.text.drafted_by):
        return row
    return examples.save(visit.store, visit.actor, row.id, text, row.revision)


def show(visit: Visit) -> Response:
    """The form of an example of one's own."""
    row = examples.get(visit.store, visit.actor, visit.path("id"))
    if row.status not in ("draft", "rejected") or not _is_own(visit, row):
        return visit.go(f"/rows/{row.id}")
    return show_form(visit, row)


def _is_own(visit: Visit, row: Row) -> bool:
    return row.is_free or visit.actor.id in (row.author, row.assigned_to)


def mend(visit: Visit) -> Response:
    """Save the form, and do what its button says."""
    try:
        row = _save(visit)
    except Conflict as error:
        return show_conflict(visit, error, read_form(visit))
    except Invalid as error:
        row = examples.get(visit.store, visit.actor, visit.path("id"))
        return show_form(visit, row, read_form(visit), error=error)
    return _finish(visit, row)


def _save(visit: Visit) -> Row:
    id, revision = visit.path("id"), visit.number("revision")
    return examples.save(visit.store, visit.actor, id, read_form(visit), revision)


def _finish(visit: Visit, row: Row) -> Response:
    if visit.sent("act") == "submit":
        return _submit(visit, row)
    if visit.sent("act") == "model":
        return _draft(visit, row)
    return visit.go(f"/rows/{row.id}/edit", "saved")


def _submit(visit: Visit, row: Row) -> Response:
    # A form that was sent twice has done already what it asks for.
    if row.status != "submitted":
        try:
            examples.submit(visit.store, visit.actor, row.id, row.revision)
        except Invalid as error:
            return show_form(visit, row, error=error)
        except Conflict as error:
            return show_conflict(visit, error, row.text)
    return visit.go(f"/?language={row.language}", "submitted")


def _draft(visit: Visit, row: Row) -> Response:
    """Let the model answer; what it was is recorded with the text."""
    settings = visit.web.settings
    if settings.generator is None:
        raise NotFound(_("This workplace has no model that writes drafts."))
    try:
        # A model answers one person at a time.
        with visit.web.generating:
            text = draft_response(settings.generator, row.text, row.language, settings.model)
        examples.save(visit.store, visit.actor, row.id, text, row.revision)
    except Invalid as error:
        return show_form(visit, row, error=error)
    except Conflict as error:
        return show_conflict(visit, error, row.text)
    return visit.go(f"/rows/{row.id}/edit", "drafted")


def keep_new(visit: Visit) -> Response:
    """Save a new example while it is typed."""
    row = _begin(visit)
    return visit.json({"id": row.id, "revision": row.revision})


def keep(visit: Visit) -> Response:
    """Save an example while it is typed."""
    row = _save(visit)
    return visit.json({"id": row.id, "revision": row.revision})


def check(visit: Visit) -> Response:
    """Return the checks on what is typed at this moment; nothing is saved."""
    text, language = read_form(visit), visit.sent("language")
    hints = visit.web.insight.check(text, language, visit.sent("id"))
    return visit.json({"html": visit.fragment("hints.html.j2", hints=hints, language=language)})


def withdraw(visit: Visit) -> Response:
    """Take back what nobody has decided on."""
    id = visit.path("id")
    examples.withdraw(visit.store, visit.actor, id, visit.number("revision"))
    return visit.go(f"/rows/{id}/edit", "withdrawn")


ROUTES = (
    Route("/write", new),
    Route("/write", begin, "POST"),
    Route("/write/draft", keep_new, "POST"),
    Route("/write/check", check, "POST"),
    Route("/rows/{id}/edit", show),
    Route("/rows/{id}/edit", mend, "POST"),
    Route("/rows/{id}/draft", keep, "POST"),
    Route("/rows/{id}/withdraw", withdraw, "POST"),
)
