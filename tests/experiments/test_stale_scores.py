"""Figures leave out what is not of today, and say so in a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_scores import write_scores

from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.experiments.draw import read_board
from pinchtune.experiments.plan import Plan
from pinchtune.experiments.recipe import Recipe, read_recipe
from pinchtune.experiments.run import list_arms, open_store
from pinchtune.progress import Silent
from pinchtune.stages.project import Project


class Listener(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


RECIPE = Recipe.model_validate({"name": "x", "title": "x", "arms": [{"dose": [0, 2, 3, 4]}]})


def edit(folder: Path, id: str, **facts: object) -> None:
    path = folder / f"{id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **facts}), "utf-8")


def doses(board) -> list[int]:
    return [arm.dose for arm in board.arms]


def test_where_the_data_are_here_their_content_tells(toy: Project):
    store, arms = open_store(toy), list_arms(toy, RECIPE)
    folder, plan = store.folder / "scores", Plan(toy, arms, store)
    write_scores(arms, folder)
    for arm in arms:
        edit(folder, arm.id, key=plan.key(arm))
    listener = Listener()
    assert doses(read_board(toy, RECIPE, progress=listener)) == [0, 2, 3, 4]
    assert listener.said == []
    edit(folder, arms[1].id, key="of other data")
    assert doses(read_board(toy, RECIPE, progress=listener)) == [0, 3, 4]
    (line,) = listener.said
    assert line.startswith("1 arm is left out: scored on other data")
    pool = toy.folder / "data/pinch.jsonl"
    text = pool.read_text("utf-8")
    pool.write_text(text.replace("azul", "rojo"), "utf-8")
    assert doses(read_board(Project.open(toy.folder), RECIPE)) == [0]
    # Without it nobody knows.
    pool.unlink()
    assert doses(read_board(Project.open(toy.folder), RECIPE)) == [0, 2, 3, 4]
    base = toy.folder / "data/base.jsonl"
    base.write_text(base.read_text("utf-8").replace("blue", "red"), "utf-8")
    pool.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"no arm of x has scores .*4 arms are left out"):
        read_board(Project.open(toy.folder), RECIPE)


def test_without_data_the_prompts_and_the_measures_of_most_tell(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    arms = list_arms(project, RECIPE)
    write_scores(arms, folder)
    for arm in arms:
        edit(folder, arm.id, version=1)
    write_scores(arms[2:3], folder, prompts=5)
    edit(folder, arms[2].id, version=1)
    listener = Listener()
    assert doses(read_board(project, RECIPE, scores=folder, progress=listener)) == [0, 2, 4]
    edit(folder, arms[3].id, version=2)
    assert doses(read_board(project, RECIPE, scores=folder, progress=listener)) == [0, 2]
    assert [line.split(" left")[0] for line in listener.said] == ["1 arm is", "2 arms are"]


def test_arms_that_are_to_answer_other_prompts_are_no_strangers(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    grids = [{"dose": [0, 2]}, {"dose": 2, "evaluate.prompts": 5}]
    recipe = Recipe.model_validate({"name": "x", "title": "x", "arms": grids})
    arms = list_arms(project, recipe)
    write_scores(arms[:2], folder)
    write_scores(arms[2:], folder, prompts=5)
    assert len(read_board(project, recipe, scores=folder).arms) == 3


def test_figures_need_no_base_model(tmp_path: Path):
    project = Project(tmp_path, Config())
    recipe = read_recipe("R10")
    write_scores(list_arms(project, recipe), open_store(project).folder / "scores", prompts=2)
    assert read_board(project, recipe).arms
