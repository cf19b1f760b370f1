"""pinch experiment figure: page, tables and figures from stored scores alone.

Where data and base model lie beside them, they tell which scores are still of today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.board import Board
from pinchtune.experiments.expand import expand, settings
from pinchtune.experiments.freshness import older_than_data, others_than_most
from pinchtune.experiments.plan import Plan
from pinchtune.experiments.recipe import Recipe, read_recipe
from pinchtune.experiments.run import open_store
from pinchtune.experiments.scores import Scored, read_scored
from pinchtune.progress import Progress, Silent
from pinchtune.stages.facts import known_facts, read_facts
from pinchtune.stages.project import Project

RESULTS = "results"


def draw_experiment(
    project: Project,
    name: str,
    overrides: Sequence[str] = (),
    scores: Path | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Write the page, the tables and the figures of a recipe; return their paths.

    UsageError if none of its arms has scores.
    """
    from pinchtune.experiments.page import write_results

    recipe = read_recipe(name)
    board = read_board(project, recipe, overrides, scores, progress)
    folder = out or open_store(project).folder / RESULTS / recipe.name
    return write_results(recipe, board, folder)


def read_board(
    project: Project,
    recipe: Recipe,
    overrides: Sequence[str] = (),
    scores: Path | None = None,
    progress: Progress | None = None,
) -> Board:
    """Return the arms of a recipe that have scores in a folder; UsageError if none has.

    Scores of other data than today's are left out, and their number is told; in a folder that
    was named, those of other prompts than most arms'.
    """
    config = settings(recipe, project.config, overrides)
    arms = expand(recipe, config)
    folder = scores or open_store(project).folder / "scores"
    found = {arm.id: one for arm in arms if (one := _read(folder, arm)) is not None}
    old = others_than_most(arms, found)
    if scores is None:
        old |= older_than_data(Plan(project, arms, open_store(project)), found)
    if old:
        (progress or Silent()).say(_left_out(len(old)))
    found = {id: one for id, one in found.items() if id not in old}
    if not found:
        more = f" ({_left_out(len(old))})" if old else ""
        raise UsageError(
            f"no arm of {recipe.name} has scores in {folder}; run `pinch experiment run` first"
            + more
        )
    return Board(config, arms, found)


def _left_out(count: int) -> str:
    arms = "1 arm is" if count == 1 else f"{count} arms are"
    return (
        f"{arms} left out: scored on other data, prompts or measures than the others or than "
        "today's; `pinch experiment run` scores them anew"
    )


def _read(folder: Path, arm: Arm) -> Scored | None:
    path = folder / f"{arm.id}.json"
    return read_scored(path) if path.is_file() else None


def fit_experiment(
    project: Project,
    name: str,
    overrides: Sequence[str] = (),
    scores: Path | None = None,
    measure: str = "right_language",
    facts: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return dose curves of seen and unseen languages, and how far gains can be foretold.

    `facts` is a facts.json of `pinch advise languages`; None: the project's, if there is one.
    """
    from pinchtune.experiments.fit import fit_dose
    from pinchtune.experiments.foretell import foretell

    board = read_board(project, read_recipe(name), overrides, scores, progress)
    groups = [group for group in ("seen", "unseen") if board.groups[group]]
    curves = [fit_dose(board, measure, group) for group in groups]
    known = read_facts(facts)[0] if facts else known_facts(project)
    return {
        "measure": measure,
        "curves": curves,
        "languages": foretell(board, measure, known) if board.untuned else None,
        "facts": sorted(known),
    }


def fit_text(found: Mapping[str, Any]) -> str:
    """Return the fits in sentences."""
    from pinchtune.experiments.fit import curve_lines
    from pinchtune.experiments.foretell import foretell_lines

    lines = curve_lines(found["curves"])
    if found["languages"]:
        lines += foretell_lines(found["languages"])
        lines.append("so few languages show little: read the errors, not the coefficients")
    if not found["facts"]:
        lines.append(
            "MEXA and fertility are not known here; `pinch advise languages` measures them"
        )
    return "\n".join(lines)
