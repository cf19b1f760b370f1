"""The chosen examples: why each, how much they cover, what is left open."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import Response

from pinchtune.collecting.terms import Coverage
from pinchtune.selection.outcome import Open, Outcome
from pinchtune.store import examples
from pinchtune.store.settings import read_settings
from pinchtune.web import choices
from pinchtune.web.atlas import Atlas, may_read, open_atlas, primary
from pinchtune.web.visit import Route, Visit
from pinchtune.web.wording import mark as _
from pinchtune.web.words import WAYS, name

PAGE, MISSING = 100, 12


class Way(NamedTuple):
    """How much one way of choosing covers."""

    name: str
    value: float
    number: int = 0
    """Draws, if it is about draws."""
    own: bool = False
    """True for what was chosen."""


class TermsView(NamedTuple):
    """The terms of a language, and which of them examples use."""

    language: str
    coverage: Coverage
    chosen: int
    """Terms that the chosen examples use."""


def show(visit: Visit) -> Response:
    """The choice of the project's last run."""
    outcome = visit.web.runs.outcome()
    if outcome is None:
        problem = visit.web.runs.outcome.problem
        return visit.page("selection.html.j2", outcome=None, problem=problem)
    atlas = open_atlas(visit)
    known = atlas is not None and outcome.count_groups(atlas.mined.key) is not None
    readable = [pick for pick in outcome.picks if may_read(visit.actor, primary(pick.language))]
    languages = list(dict.fromkeys(pick.language for pick in readable))
    language = visit.asked("language") if visit.asked("language") in languages else ""
    picks = [pick for pick in readable if language in ("", pick.language)]
    return visit.page(
        "selection.html.j2",
        outcome=outcome,
        ways=list_ways(outcome),
        top=max(1e-9, *outcome.coverage.values()),
        languages=["", *languages],
        language=language,
        picks=picks[:PAGE],
        may_quote=lambda pick: may_read(visit.actor, primary(pick.quoted_language)),
        hidden=len(outcome.picks) - len(readable),
        atlas=atlas if known else None,
        stale=bool(outcome.mined) and not known,
        gaps=[_gap(visit, gap, atlas if known else None) for gap in outcome.gaps],
        terms=_terms(visit, outcome),
        addresses=visit.web.insight.addresses(),
    )


def list_ways(outcome: Outcome) -> list[Way]:
    """Return what is compared, the choice first and the whole pool last."""
    covers = outcome.coverage
    return [
        Way(_("This selection"), covers["chosen"], own=True),
        Way(_("Random draws, mean of {number}"), covers["random"], outcome.draws),
        Way(_("Best of {number} random draws"), covers["random_most"], outcome.draws),
        *(Way(name(WAYS, way), value) for way, value in outcome.ways.items()),
        Way(_("The whole pool, the most there can be"), covers["whole_pool"]),
    ]


class GapView(NamedTuple):
    """What is covered least, as a visitor may see it."""

    gap: Open
    name: str
    """Name of the mined group."""
    readable: bool
    write: str


def _gap(visit: Visit, gap: Open, atlas: Atlas | None) -> GapView:
    group = atlas.mined.group(gap.group) if atlas and gap.group is not None else None
    readable = may_read(visit.actor, primary(gap.language))
    if atlas is None or group is None:
        return GapView(gap, "", readable, "")
    write = atlas.write(group, gap.language) or atlas.write(group)
    return GapView(gap, atlas.name(group), readable, write)


def _terms(visit: Visit, outcome: Outcome) -> list[TermsView]:
    """Return how far the glossary of each language is covered; languages without terms left out."""
    store, insight = visit.store, visit.web.insight
    offered = choices.offered(visit, read_settings(store), examples.counts(store))
    found = []
    for code in offered:
        if insight.terms(code):
            mine = [pick for pick in outcome.picks if primary(pick.language) == primary(code)]
            used = {term for pick in mine for term in pick.terms}
            found.append(TermsView(code, insight.coverage(code), len(used)))
    return found


ROUTES = (Route("/selection", show),)
