"""What the form for an example shows; several pages use it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from pinchtune.store import Conflict, Row, StoreError, Text, examples
from pinchtune.web import choices
from pinchtune.web.visit import Visit

FIELDS = ("instruction", "response", "license", "domain")


def read_form(visit: Visit) -> Text:
    """Return the text that was typed in."""
    return Text(**{name: visit.sent(name) for name in FIELDS})


def form_values(visit: Visit, language: str, text: Text, row: Row | None = None) -> dict[str, Any]:
    """Return what the form always needs; `row` is missing for one that is still to begin."""
    revise = row is not None and row.status not in ("draft", "rejected")
    return {
        "language": language,
        "text": text,
        "row": row,
        "source": find_source(visit, row) if row and row.source_id else None,
        "hints": visit.web.insight.check(text, language, row.id) if row else [],
        "sites": choices.sites(visit.actor, language),
        "model": "" if revise else visit.web.settings.model,
        "revise": revise,
        "error": None,
        "key": "",
        "languages": [language],
        "begun": None,
        "template": None,
        "kinds": [],
        "wanted": [],
    }


def find_source(visit: Visit, row: Row) -> Row | None:
    """Return the example that a row translates; its author may see that one, too."""
    others = examples.parallels(visit.store, visit.actor, row.id)
    return next((other for other in others if other.id == row.source_id), None)


def show_form(visit: Visit, row: Row, text: Text | None = None, **values: Any) -> Response:
    """Return the form of an example, with the text that was typed in if it was refused."""
    error: StoreError | None = values.get("error")
    shown = form_values(visit, row.language, text or row.text, row) | values
    return visit.page("write.html.j2", 422 if error else 200, **shown)


def show_conflict(visit: Visit, error: Conflict, text: Text | None = None) -> Response:
    """Return both versions, or a plain refusal if there is nothing to compare."""
    if visit.wants_json or error.row is None:
        return visit.refusal(error, 409)
    return visit.page("conflict.html.j2", 409, error=error, row=error.row, text=text)
