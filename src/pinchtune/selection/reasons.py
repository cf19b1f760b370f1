"""Why each example was chosen: what it stands for, which terms it adds, and what is left open."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.selection.clusters import assign, find_centres
from pinchtune.selection.coverage import Coverage, cover
from pinchtune.selection.problem import Problem, Topic

LOCALES = ("en", "ja")
GAPS = 5
"""Uncovered groups that are named."""


class Reason(NamedTuple):
    """What one chosen example does for the choice."""

    row: int
    """Its place among the candidates."""
    gain: float
    """What it added to the value when it was chosen."""
    texts: tuple[int, ...]
    """Texts of the ground set that it is the closest of the chosen to."""
    share: float
    """Their weight, 0 to 1."""
    quoted: int
    """The text of the ground set that it stands for and fits least, in its own language if any."""
    new_terms: tuple[Topic, ...]
    """Glossary terms that no example chosen before it has."""


class Gap(NamedTuple):
    """A group of the ground set that the choice hardly covers."""

    row: int
    """The text in its middle."""
    size: int
    share: float
    """Its weight, 0 to 1."""
    closeness: float
    """Weighted mean cosine to the closest chosen example."""


def explain(problem: Problem, rows: list[int], languages: Sequence[str] = ()) -> list[Reason]:
    """Return the reasons of a choice, in its order.

    `languages` are those of the ground set: an example is explained by a text that its readers
    can read, where it stands for one.
    """
    if not rows:
        return []
    near = problem.ground.vectors @ problem.vectors[rows].T
    # A text that nothing chosen has anything in common with is nobody's.
    closest = np.where(near.max(axis=1) > 0, np.argmax(near, axis=1), -1)
    coverage, reasons = Coverage(problem), []
    for place, row in enumerate(rows):
        mine = np.flatnonzero(closest == place)
        new = problem.topics[row] - coverage.topics if problem.topics else frozenset()
        reasons.append(
            Reason(
                row=row,
                gain=coverage.add(row),
                texts=tuple(mine.tolist()),
                share=float(problem.ground.weights[mine].sum()),
                quoted=_quote(mine, near[:, place], problem.groups[row], languages),
                new_terms=tuple(sorted(new)),
            )
        )
    return reasons


def _quote(
    mine: NDArray[np.int64], near: NDArray[np.float32], group: str, languages: Sequence[str]
) -> int:
    """Return which of the texts `mine` is quoted: the least close in the group; -1 if none."""
    own = [i for i in mine.tolist() if languages and languages[i] == group]
    found = np.array(own, np.int64) if own else mine
    return int(found[np.argmin(near[found])]) if len(found) else -1


def find_gaps(problem: Problem, rows: list[int], seed: int = 0) -> list[Gap]:
    """Return the groups of the ground set that lose most for not being covered."""
    best, ground = cover(problem, rows).best, problem.ground
    centres = find_centres(ground.vectors, max(1, problem.size), seed)
    labels, gaps = assign(ground.vectors, centres), []
    for label in range(len(centres)):
        mine = np.flatnonzero(labels == label)
        if not len(mine):
            continue
        weights = ground.weights[mine]
        closeness = float(best[mine] @ weights / weights.sum()) if weights.sum() else 1.0
        middle = int(mine[np.argmax(np.round(ground.vectors[mine] @ centres[label], 6))])
        gaps.append(Gap(middle, len(mine), float(weights.sum()), closeness))
    return sorted(gaps, key=lambda g: (-g.share * (1 - g.closeness), g.row))[:GAPS]


@cache
def words(locale: str) -> dict[str, Any]:
    """Return the sentences of a locale."""
    path = files("pinchtune.selection") / "wording" / f"{locale}.toml"
    return tomllib.loads(path.read_text("utf-8"))


class Told(NamedTuple):
    """What the sentence on a chosen example says."""

    number: int
    """Texts of the pool, or enquiries, that it stands for."""
    share: float
    """Their weight, 0 to 1."""
    mined: bool
    """True if these are enquiries."""
    group: str
    """The name of the mined group that most of them are in; empty if it has none."""
    terms: tuple[str, ...]
    """Glossary terms that it adds."""


def sentence(told: Told, text: str = "", locale: str = "en") -> str:
    """Return why an example was chosen; `text` is one that it stands for."""
    table = words(locale)
    kind = ("mined" if told.mined else "pool") if told.share else "none"
    said = table[kind].format(count=told.number, share=round(100 * told.share, 1))
    if told.group and told.share:
        said += table["group"].format(group=told.group)
    if text and told.share:
        said += table["such_as"].format(text=shorten(text))
    said += table["end"]
    if told.terms:
        said += table["new_terms"].format(terms=table["comma"].join(told.terms))
    return str(said)


def shorten(text: str, most: int = 60) -> str:
    """Return a text on one line, cut between whole characters."""
    import regex

    # A control sign in what a customer wrote could steer the terminal that shows it.
    flat = " ".join(regex.sub(r"\p{Cc}", " ", text).split())
    pieces = regex.findall(r"\X", flat)
    return flat if len(pieces) <= most else "".join(pieces[: most - 1]) + "…"
