"""The pages in docs/results say what their stored scores say: no data, no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinchtune.experiments.draw import read_board
from pinchtune.experiments.page import PACKAGE
from pinchtune.experiments.recipe import read_recipe
from pinchtune.experiments.tables import build_tables
from pinchtune.reporting.grids import to_markdown
from pinchtune.reporting.wording import Wording
from pinchtune.stages.project import Project

FOLDER = Path(__file__).parents[2] / "docs" / "results" / "experiments-270m"
NAMES = sorted(p.stem for p in FOLDER.glob("*.toml") if p.stem != "pinch")


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_are_those_of_the_stored_scores(name):
    recipe = read_recipe(str(FOLDER / f"{name}.toml"))
    board = read_board(Project.open(FOLDER), recipe, scores=FOLDER / "scores")
    tables = to_markdown(build_tables(board, Wording("en", PACKAGE)))
    assert tables == (FOLDER / name / "tables.md").read_text("utf-8")
    page = (FOLDER / name / "page.md").read_text("utf-8")
    assert all(finding["en"] in page for finding in recipe.findings)
    assert all(finding["ja"] for finding in recipe.findings)


def test_every_experiment_has_its_page():
    assert len(NAMES) == 5 and all((FOLDER / name / "page.md").is_file() for name in NAMES)
