"""What a person can choose from on a page: languages, sites, people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pinchtune.languages import LANGUAGES
from pinchtune.store import Invalid, Person, Role, Settings, examples
from pinchtune.store.settings import read_settings
from pinchtune.web.visit import Visit
from pinchtune.web.wording import mark as _

Counts = Mapping[str, Mapping[str, int]]


class Goal(NamedTuple):
    """How far a language has come."""

    language: str
    approved: int
    goal: int


def offered(visit: Visit, settings: Settings, counts: Counts) -> list[str]:
    """Return the languages that were decided on, else those that are tuned or there already."""
    tuned = visit.web.languages
    return list(settings.languages or dict.fromkeys((*settings.goals, *tuned, *counts))) or ["en"]


def sent_file(visit: Visit) -> tuple[str, str, bytes]:
    """Return language, name and content of a file that was sent for a language."""
    language = visit.sent("language")
    if language not in LANGUAGES:
        raise Invalid(_("Choose a language."))
    name, data = visit.upload("file")
    if not name:
        raise Invalid(_("Choose a file first."))
    return language, name, data


def of_role(person: Person, role: Role, languages: list[str]) -> list[str]:
    """Return the languages for which a person holds a role, in the project's order."""
    own = person.languages(role)
    if "" in own:
        return languages
    return [code for code in languages if code in own] or list(own)


def languages_of(visit: Visit, role: Role) -> list[str]:
    """Return the languages for which the visitor holds a role."""
    store = visit.store
    return of_role(visit.actor, role, offered(visit, read_settings(store), examples.counts(store)))


def chosen(visit: Visit, languages: list[str]) -> str:
    """Return the language that the query asks for, if it is one of these; else the first."""
    asked = visit.asked("language")
    return asked if asked in languages else (languages or [""])[0]


def goals(languages: list[str], settings: Settings, counts: Counts) -> list[Goal]:
    """Return how far each language has come."""
    none: Mapping[str, int] = {}
    return [
        Goal(
            code,
            counts.get(code, none).get("approved", 0),
            settings.goals.get(code, 0),
        )
        for code in languages
    ]


def sites(person: Person, language: str) -> list[str]:
    """Return the sites that an author writes for in a language."""
    own = [g.site for g in person.grants if g.role == "author" and g.language in ("", language)]
    return list(dict.fromkeys(own))
