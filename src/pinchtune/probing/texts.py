"""The parallel texts that models are looked at with.

They are those of `pinch advise languages`, or a file of one's own. Texts that an arm was tuned
on are left out, in all languages: what a model has learned by heart says nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.data.formats import read_examples
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.stages.facts import FEWEST, OWN, Unit, common_places, parallel_units, with_twins
from pinchtune.stages.project import Project, finished


class Pairs(NamedTuple):
    """The sentences of one language beside the same in English, by their places in two units."""

    unit: Unit
    english: Unit
    ids: list[str]
    """Parallel ids, in the order of the places."""
    own: list[int]
    theirs: list[int]


class Texts(NamedTuple):
    """Parallel texts of several languages."""

    units: list[Unit]
    """Texts by source and language, English among them once a source."""
    left_out: int
    """Texts that were left out, in all languages, because an arm was tuned on one of them."""

    def pairs(self) -> list[Pairs]:
        """Return each language but English beside English."""
        english = {unit.source: unit for unit in self.units if unit.code == ENGLISH}
        return [_pair(u, english[u.source]) for u in self.units if u.code != ENGLISH]


def _pair(unit: Unit, english: Unit) -> Pairs:
    own, theirs = common_places(unit, english)
    names = list(unit.rows)
    return Pairs(unit, english, [names[i] for i in own], own, theirs)


def read_texts(project: Project, file: Path | None = None) -> Texts:
    """Return the parallel texts of the project's languages; UsageError if too few are left."""
    codes = [code for code in project.config.languages.evaluated if code != ENGLISH]
    units = _own_units(file, codes) if file else parallel_units(project, codes)
    kept, left_out = _leave_out(units, _tuned_on(project))
    if not any(unit.code != ENGLISH for unit in kept):
        where = file or "the parallel texts"
        raise UsageError(
            f"{where}: fewer than {FEWEST} texts a language are left that no arm was tuned on; "
            "name a file with others by --parallel"
        )
    return Texts(kept, left_out)


def _own_units(file: Path, codes: Sequence[str]) -> list[Unit]:
    rows = [row.example for row in read_examples(file)]
    found = with_twins(rows, codes)
    if not found:
        raise UsageError(
            f"{file}: no language of the project has {FEWEST} rows that share a parallel_id with "
            "an English one; add the columns language and parallel_id"
        )
    return [Unit(OWN, code, found[code]) for code in found]


def _tuned_on(project: Project) -> set[str]:
    """Return the ids of all examples that an arm of some seed was tuned on."""
    ids: set[str] = set()
    for seed in project.seeds:
        finished(seed.path("mixture"), "mix")
        for arm in ARMS:
            rows = read_examples(seed.path("mixture", f"{arm}.jsonl"))
            ids |= {row.example.id for row in rows}
    return ids


def _leave_out(units: Sequence[Unit], tuned_on: Iterable[str]) -> tuple[list[Unit], int]:
    """Return the units without texts that were tuned on, and how many these were."""
    known = set(tuned_on)
    learned = {
        (unit.source, i) for unit in units for i, row in unit.rows.items() if row.id in known
    }
    left = [
        unit._replace(rows={i: r for i, r in unit.rows.items() if (unit.source, i) not in learned})
        for unit in units
    ]
    return [unit for unit in left if len(unit.rows) >= FEWEST], len(learned)
