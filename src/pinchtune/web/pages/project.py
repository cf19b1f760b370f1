"""What the project decides: goals and languages, its templates; and what was done so far."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from pinchtune.store import Invalid, Settings, Template, examples, history, people, templates
from pinchtune.store.acting import refused
from pinchtune.store.settings import read_settings, write_settings
from pinchtune.store.templates import KINDS
from pinchtune.web import choices
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _

LINES = 80
"""Most languages that the form of the goals can hold."""
EVENTS = 100


def show_settings(visit: Visit) -> Response:
    """Name, licence, and a goal a language."""
    if not visit.actor.has("administrator"):
        raise refused("administrator")
    settings, counts = read_settings(visit.store), examples.counts(visit.store)
    languages = list(dict.fromkeys((*settings.languages, *settings.goals)))
    return visit.page(
        "settings.html.j2",
        settings=settings,
        goals=choices.goals(languages, settings, counts),
    )


def save_settings(visit: Visit) -> Response:
    """Decide anew; a line without a language is left out."""
    goals: dict[str, int] = {}
    for i in range(LINES):
        language = visit.sent(f"language-{i}")
        if language and not visit.sent(f"remove-{i}"):
            goals[language] = visit.number(f"goal-{i}") if visit.sent(f"goal-{i}") else 0
    name, license = visit.sent("name").strip(), visit.sent("license").strip()
    write_settings(visit.store, visit.actor, Settings(name, tuple(goals), goals, license))
    return visit.go("/settings", "saved")


def show_templates(visit: Visit) -> Response:
    """The templates of a language."""
    settings = read_settings(visit.store)
    languages = choices.offered(visit, settings, {})
    language = choices.chosen(visit, languages)
    if not _edits(visit, language):
        raise refused("administrator")
    return visit.page(
        "templates.html.j2",
        language=language,
        languages=languages,
        templates=templates.list_templates(visit.store, language, inactive=True),
    )


def _edits(visit: Visit, language: str) -> bool:
    return visit.actor.has("administrator") or visit.actor.may("approver", language)


def show_template(visit: Visit) -> Response:
    """The form of a template; the path `new` is that of an empty one."""
    id = visit.path("id")
    if id == "new":
        template = Template("", visit.asked("language") or "en", "howto", "", "", "", "")
    else:
        template = templates.get_template(visit.store, id)
    if not _edits(visit, template.language):
        raise refused("administrator")
    return visit.page("template.html.j2", template=template, kinds=KINDS)


def save_template(visit: Visit) -> Response:
    """Change, add or remove a template."""
    id, store, actor = visit.path("id"), visit.store, visit.actor
    if visit.sent("act") == "remove":
        language = templates.get_template(store, id).language
        templates.remove_template(store, actor, id)
        return visit.go(f"/templates?language={language}", "removed")
    old = (
        Template("", visit.sent("language"), "", "", "", "", "")
        if id == "new"
        else templates.get_template(store, id)
    )
    new = _read(visit, old)
    if id == "new":
        templates.add_template(store, actor, new)
    else:
        templates.save_template(store, actor, new)
    return visit.go(f"/templates?language={new.language}", "saved")


def _read(visit: Visit, old: Template) -> Template:
    if visit.number("position") < 0:
        raise Invalid(_("The place in the list is a whole number."))
    return replace(
        old,
        **{name: visit.sent(name) for name in ("kind", "title", "hint", "instruction", "response")},
        position=visit.number("position"),
        active=bool(visit.sent("active")),
    )


def show_history(visit: Visit) -> Response:
    """Who did what, the newest first."""
    newest = history.newest(visit.store)
    asked = visit.asked("before")
    end = min(int(asked), newest + 1) if asked.isdecimal() and len(asked) < 12 else newest + 1
    start = max(0, end - 1 - EVENTS)
    events = history.read(visit.store, visit.actor, after=start, limit=EVENTS)
    shown = [event for event in events if event.id < end]
    names = {person.id: person.name for person in people.list_people(visit.store, visit.actor)}
    before = start + 1 if start else 0
    return visit.page("history.html.j2", events=shown[::-1], before=before, names=names)


ROUTES = (
    Route("/settings", show_settings),
    Route("/settings", save_settings, "POST"),
    Route("/templates", show_templates),
    Route("/templates/{id}", show_template),
    Route("/templates/{id}", save_template, "POST"),
    Route("/history", show_history),
)
