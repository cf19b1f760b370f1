"""Spreadsheets: a template to fill in offline, and what came of an uploaded one."""

from __future__ import annotations

from starlette.responses import Response

from pinchtune.collecting.sheets import check_rows, make_csv_template, make_template, read_sheet
from pinchtune.languages import LANGUAGES
from pinchtune.store import NotFound, examples, templates
from pinchtune.store.acting import refused
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
SHOWN = 200
"""Most problems and hints that the page lists."""


def show(visit: Visit) -> Response:
    """Where a template is downloaded and a filled one uploaded."""
    if not visit.actor.has("author"):
        raise refused("author")
    languages = choices.languages_of(visit, "author")
    return visit.page(
        "sheets.html.j2", languages=languages, language=choices.chosen(visit, languages)
    )


def download(visit: Visit) -> Response:
    """The template of a language, in the language of the pages."""
    language, _dot, kind = visit.path("name").rpartition(".")
    if kind not in KINDS or language not in LANGUAGES:
        raise NotFound(_("There is no such file."))
    if kind == "csv":
        data = make_csv_template(language, visit.say.locale)
    else:
        shown = templates.list_templates(visit.store, language)
        goal = read_settings(visit.store).goals.get(language, 0)
        data = make_template(language, visit.say.locale, shown, goal)
    return visit.file(data, f"examples-{language}.{kind}", KINDS[kind])


def upload(visit: Visit) -> Response:
    """Take the good rows, and tell each bad cell."""
    language, name, data = choices.sent_file(visit)
    sheet = read_sheet(data, name, language)
    items = [(language, row.text, row.key) for row in sheet.rows]
    others = visit.web.insight.others(language)
    submit = bool(visit.sent("submit"))
    found = examples.add_many(visit.store, visit.actor, items, "sheet", submit)
    new = [row for row, kept in zip(sheet.rows, found) if kept]
    hints = check_rows(new, language, others=others, terms=visit.web.insight.terms(language))
    told = [(place, hint) for place, hint in hints if hint.kind != "terms"]
    return visit.page(
        "uploaded.html.j2",
        language=language,
        file=name,
        added=len(new),
        known=len(items) - len(new),
        problems=sheet.problems,
        hints=told,
        shown=SHOWN,
        submitted=submit,
    )


ROUTES = (
    Route("/sheets", show),
    Route("/sheets", upload, "POST"),
    Route("/sheets/{name}", download),
)
