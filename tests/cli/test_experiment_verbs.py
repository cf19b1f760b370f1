"""pinch experiment on the command line: what it says, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

RECIPE = 'name = "two"\ntitle = "Two arms"\n[[arms]]\ndose = [0, 4]\n'


def test_list_shows_the_shipped_recipes(pinch):
    told = pinch("experiment", "list")
    assert told.code == 0 and told.out.startswith("R1   Which language transfers")
    rows = json.loads(pinch("experiment", "list", "--json").out)
    assert len(rows) == 20 and rows[0].keys() == {"name", "title", "published"}


def test_run_status_figure(pinch, make_project: Callable[..., Path]):
    project = make_project()
    recipe = project / "two.toml"
    recipe.write_text(RECIPE, "utf-8")
    told = pinch("experiment", "status", recipe, "-p", project, "--speed", "100,10")
    assert told.code == 0 and "two: 0 of 2 arms" in told.out and "about 0.0 hours" in told.out
    told = pinch("experiment", "figure", recipe, "-p", project)
    assert told.code == 2 and "no arm of two has scores" in told.err
    told = pinch("experiment", "run", recipe, "-p", project)
    assert told.code == 0 and told.out == "2 tunings done, 0 failed, 0 left\n"
    assert told.err.startswith("2 arms from 2 tunings: 48 examples")
    told = pinch("experiment", "figure", recipe, "-p", project)
    assert told.code == 0 and told.out.splitlines()[0].endswith("experiments/results/two/page.html")


def test_a_failed_arm_is_exit_code_1(pinch, make_project: Callable[..., Path]):
    project = make_project()
    recipe = project / "bad.toml"
    recipe.write_text(RECIPE.replace("[0, 4]", "0\n'train.max_length' = 4"), "utf-8")
    told = pinch("experiment", "run", recipe, "-p", project, "-q")
    assert told.code == 1
    assert told.out.splitlines()[0] == "0 tunings done, 1 failed, 0 left"
    assert "failed: English only, train.max_length 4, dose 0, seed 0: train.max_len" in told.out


def test_bad_words_are_one_sentence(pinch, make_project: Callable[..., Path]):
    project = make_project()
    for words, said in (
        (("run", "R99"), "no recipe 'R99'"),
        (("run", "missing.toml"), "missing.toml: does not exist"),
        (("status", "R11", "--speed", "fast"), "--speed fast: expected two numbers above 0"),
        (("status", "R11", "--speed", "0,1"), "--speed 0,1: expected two numbers above 0"),
        (("figure", "R1", "R4", "--out", "x"), "--out takes one recipe"),
        (("status", "R11"), "arm English only, dose 0, seed 0: 4640 English examples asked for"),
        (("run", "R18", "--set", "mix.doze=4"), "--set mix.doze=4: unknown key"),
    ):
        told = pinch("experiment", *words, "-p", project)
        assert told.code == 2 and said in told.err, (words, told.err)
        assert told.err.startswith("pinch: ") and told.err.count("\n") == 1


def test_engines_that_are_none_are_told(pinch, make_project: Callable[..., Path]):
    project = make_project()
    recipe = project / "two.toml"
    recipe.write_text(RECIPE, "utf-8")
    told = pinch("experiment", "run", recipe, "-p", project, "-q", "--engine", "spark")
    assert told.code == 2 and "engine 'spark' is not known" in told.err
    told = pinch("experiment", "run", recipe, "-p", project, "-q", "--address", "head:1")
    assert told.code == 2 and "add --engine ray" in told.err
