"""Figures and pages from made-up scores: what they show, in both languages, how letters fare."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter
from xml.etree import ElementTree

import made_up_scores
import numpy as np
import pytest
from made_up_scores import write_scores

from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.experiments.draw import draw_experiment, read_board
from pinchtune.experiments.figures import draw
from pinchtune.experiments.figures.scatter import join_near, likeness
from pinchtune.experiments.figures.shares import _spaced
from pinchtune.experiments.page import PACKAGE, write_results
from pinchtune.experiments.recipe import FigureSpec, Recipe, read_recipe, shipped_names
from pinchtune.experiments.run import list_arms
from pinchtune.experiments.tables import build_tables
from pinchtune.reporting.wording import LOCALES, Wording, catalogue
from pinchtune.stages.project import Project

EN = Wording("en", PACKAGE)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without data and without a model: scores are enough."""
    return Project(tmp_path, Config())


def drawn_of(project: Project, name: str | Recipe, number: int = 0, words: Wording = EN):
    recipe = read_recipe(name) if isinstance(name, str) else name
    folder = project.folder / "scores"
    write_scores(list_arms(project, recipe), folder)
    board = read_board(project, recipe, scores=folder)
    return draw(board, recipe.figures[number], words)


def test_the_dose_curve_has_none_as_its_first_step_and_both_modes(project: Project):
    drawn = drawn_of(project, "R11")
    (axes,) = drawn.figure.axes
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["0", "4", "8", "16", "40", "80", "160", "400", "800", "1600"]
    places = axes.get_xticks()
    assert places[0] < places[1] and np.allclose(np.diff(places)[1:3], 1)
    assert drawn.header[1:] == [
        f"{group}, {mode}"
        for group in ("English", "Tuned languages", "Unseen languages")
        for mode in ("replacing", "added")
    ]
    assert "3 seeds" in drawn.rows[4][3]


def test_no_dose_stands_at_one_place_for_both_modes(project: Project):
    recipe = read_recipe("R11").model_copy(
        update={
            "arms": (
                {"dose": [0, 4, 8, 16, 40], "seed": [0]},
                {"dose": [16, 40], "mode": ["add"], "seed": [0]},
            )
        }
    )
    drawn = drawn_of(project, recipe)
    (axes,) = drawn.figure.axes
    begins = [min(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(begins) == 6 and np.ptp([*begins, axes.get_xticks()[0]]) < 0.2


def test_the_line_of_the_untuned_model_is_in_sight(project: Project, monkeypatch):
    monkeypatch.setattr(made_up_scores, "chance", lambda arm, code: 0.95 - 0.7 * arm.untuned)
    drawn = drawn_of(project, "R11")
    (axes,) = drawn.figure.axes
    low, high = axes.get_ylim()
    (level,) = (line for line in axes.lines if line.get_label() == EN("group.untuned"))
    assert low < level.get_ydata()[0] < high


def test_numbers_of_a_share_do_not_run_into_each_other():
    assert _spaced([2.5, 5, 10, 20, 40, 80]) == [5, 10, 20, 40, 80]
    assert _spaced([0.5, 1.0]) == [0.5, 1.0]


def test_names_of_marks_at_one_place_stand_together():
    marks = [(0.0, 14.5), (0.0, 14.3), (0.01, 14.2), (3.3, 11.8), (1.7, 2.9), (0.0, 2.9)]
    found = join_near(marks, ["80", "160", "80", "40", "5", "0"])
    assert found == [
        ((0.0, 14.5), ["80", "160"]),
        ((3.3, 11.8), ["40"]),
        ((1.7, 2.9), ["5"]),
        ((0.0, 2.9), ["0"]),
    ]
    assert join_near([(1.0, 1.0)], ["5"]) == [((1.0, 1.0), ["5"])]


def test_findings_stand_on_the_page_and_beside_the_pictures(project: Project, tmp_path: Path):
    found = {"en": "It <rose> | a lot.", "ja": "上がりました。"}
    recipe = read_recipe("R18").model_copy(update={"findings": (found,)})
    write_scores(list_arms(project, recipe), project.folder / "scores")
    board = read_board(project, recipe, scores=project.folder / "scores")
    write_results(recipe, board, tmp_path / "out")
    html = (tmp_path / "out" / "page.html").read_text("utf-8")
    assert "It &lt;rose&gt;" in html and "上がりました。" in html
    text = (tmp_path / "out" / "page.md").read_text("utf-8")
    assert "## What it showed\n\n- It &lt;rose&gt; | a lot.\n" in text
    pictures = re.findall(r"\]\((\S+\.svg)\)", text)
    assert pictures and all((tmp_path / "out" / name).is_file() for name in pictures)


def test_the_pinch_curve_is_broken_at_one_percent(project: Project):
    drawn = drawn_of(project, "R4")
    left, right = drawn.figure.axes
    assert left.get_xlim()[1] < 1 < 4 < right.get_xlim()[0]
    assert len(left.get_lines()[0].get_xdata()) == 11 * 12, "a dot a language and share"
    win = drawn_of(project, "R4", 1)
    assert any(list(line.get_ydata()) == [50, 50] for line in win.figure.axes[0].get_lines())


def test_the_diagonal_of_the_transfer_matrix_is_masked(project: Project):
    drawn = drawn_of(project, "R1", 1)
    shade = np.asarray(drawn.figure.axes[0].get_images()[0].get_array())
    assert shade.shape == (12, 12) and np.isnan(np.diag(shade)).all()
    off = shade[~np.eye(12, dtype=bool)].reshape(12, 11)
    assert np.nanmin(shade, axis=0).tolist() == [0] * 12 and np.nanmax(off) == 1
    assert drawn_of(project, "R1").rows[1][2] == "–", "nothing is compared with itself"


def test_the_band_goes_from_the_lowest_order_to_the_highest(project: Project):
    drawn = drawn_of(project, "R6")
    (axes,) = drawn.figure.axes
    band = axes.collections[0].get_paths()[0].vertices
    series = [[float(cell.split(" ")[0]) for cell in row[1:]] for row in drawn.rows]
    at_three = band[np.isclose(band[:, 0], 3)][:, 1]
    assert at_three.min() == pytest.approx(min(series[2]), abs=0.06)
    assert at_three.max() == pytest.approx(max(series[2]), abs=0.06)


def test_likeness_counts_family_branch_and_script():
    assert [likeness("ru", code) for code in ("sr", "cs", "es", "fi", "bg")] == [3, 2, 1, 0, 3]


def test_a_figure_without_enough_arms_is_left_out_and_told(project: Project, tmp_path: Path):
    arms = list_arms(project, read_recipe("R6"))
    write_scores([a for a in arms if a.dose == 0], tmp_path / "few")
    paths = draw_experiment(project, "R6", scores=tmp_path / "few", out=tmp_path / "out")
    assert [p.name for p in paths] == ["page.html", "page.md", "tables.md"]
    page = paths[0].read_text("utf-8")
    assert "Not drawn, because too few arms have scores" in page
    assert re.search(r"\d of 19 arms have scores", page)
    with pytest.raises(UsageError, match="no arm of R5 has scores in"):
        draw_experiment(project, "R5", scores=tmp_path / "none")


def test_letters_stay_letters_and_nothing_is_markup(project: Project, tmp_path: Path):
    recipe = Recipe.model_validate(
        {
            "name": "mine",
            "title": "<script>alert(1)</script> $x$ 日本語 العربية 👩‍👧",
            "arms": [
                {"dose": 0},
                {"dose": 8, "label": "<b>&$k$ スペイン語 عربي 👩‍👧"},
            ],
            "figures": [{"kind": "forest", "measure": "chrf"}],
        }
    )
    drawn = drawn_of(project, recipe)
    text = drawn.rows[0][0]
    assert text.endswith(": es, ja, ru, ar; 8 examples")
    assert text.startswith("<b>&$k$ スペイン語 عربي 👩‍👧")
    board = read_board(project, recipe, scores=project.folder / "scores")
    paths = write_results(recipe, board, tmp_path / "out")
    page = paths[0].read_text("utf-8")
    assert "<script>alert" not in page and "<b>&" not in page
    assert "<script>" not in paths[1].read_text("utf-8")
    tree = ElementTree.parse(paths[3])
    letters = "".join(tree.getroot().itertext())
    assert "<b>&$k$ スペイン語 عربي 👩‍👧" in letters


def test_tables_set_seeds_apart(project: Project):
    recipe = read_recipe("R18")
    folder = project.folder / "scores"
    write_scores(list_arms(project, recipe), folder)
    tables = build_tables(read_board(project, recipe, scores=folder), EN)
    titles = [table.title for table in tables]
    assert titles[0] == "Answers in the right language" and titles[-2:] == [
        "Win rate",
        "Seed by seed: Answers in the right language",
    ]
    assert len(tables[-1].rows) == 30 and tables[-1].rows[3][1] == "0"
    assert all(len(row) == len(t.header) for t in tables for row in t.rows)
    assert tables[0].to_markdown().count("\n| ") == len(tables[0].rows) + 2


def test_a_place_that_two_arms_share_is_told_and_only_chooses(project: Project):
    figures = [
        {"kind": "dose"},
        {"kind": "dose", "only": {"mode": "add", "temperature": 0.7}},
        {"kind": "languages"},
        {"kind": "languages", "only": {"dose": 8}},
    ]
    arms = [
        {"dose": [0, 8, 40], "mode": ["replace", "add"], "temperature": [0.0, 0.7]},
        {"dose": [8, 40], "count": [1, 2]},
    ]
    recipe = Recipe.model_validate({"name": "x", "title": "x", "arms": arms, "figures": figures})
    with pytest.raises(UsageError, match=r"several arms stand at 0 in the series 'English, repl"):
        drawn_of(project, recipe)
    chosen = drawn_of(project, recipe, 1)
    assert [row[0] for row in chosen.rows] == ["0", "8", "40"]
    with pytest.raises(UsageError, match="several arms stand at 1 in the series 'Order 0'"):
        drawn_of(project, recipe, 2)
    assert [row[0] for row in drawn_of(project, recipe, 3).rows] == ["1", "2"]


@pytest.mark.parametrize("name", [*shipped_names()])
def test_every_figure_of_every_recipe_is_drawn(project: Project, name: str):
    recipe = read_recipe(name)
    folder = project.folder / "scores"
    write_scores(list_arms(project, recipe), folder, prompts=4)
    board = read_board(project, recipe, scores=folder)
    assert all(draw(board, figure, EN) for figure in recipe.figures)


def test_similarity_leaves_english_out_and_r_has_no_interval(project: Project):
    drawn = drawn_of(project, "R8", 1)
    assert len(drawn.rows) == 7 * 6 and not any("en" in row[0].split() for row in drawn.rows)
    (axes,) = drawn.figure.axes
    assert "[" not in axes.get_title(loc="left") and not axes.collections
    share = drawn_of(project, "R9")
    assert "[" in share.figure.axes[0].get_title(loc="left") and share.figure.axes[0].collections


def test_the_forest_has_the_groups_of_each_arm(project: Project):
    drawn = drawn_of(project, "R22", 1)
    recipe = read_recipe("R22")
    board = read_board(project, recipe, scores=project.folder / "scores")
    alone = next(p for p in board.points if p.arm.languages == ("cs",))
    control = board.control(alone)
    assert control
    own = board.difference(alone, control, "right_language", ["cs"])
    row = next(r for r in drawn.rows if r[0].startswith("the target alone: cs"))
    assert own and row[2].startswith(f"{own.these_seeds.value:+.1f}".replace("-", "−"))
    table = build_tables(board, EN)[0]
    told = next(r for r in table.rows if r[0] == row[0])
    level = board.estimate(alone, "right_language", ["cs"])
    assert level and told[3].startswith(f"{level.these_seeds.value:.1f} ")
    assert told[6].startswith(row[2].split(" ")[0])


@pytest.mark.parametrize("locale", LOCALES)
def test_every_recipe_draws_in_every_language(project: Project, locale: str):
    words = Wording(locale, PACKAGE)
    for kind in ("R7", "R9", "R10", "R17", "R19"):
        drawn = drawn_of(project, kind, 0, words)
        assert drawn.title and drawn.lead and drawn.rows
        assert locale == "en" or re.search(r"[ぁ-ん]", drawn.lead)


def placeholders(text: object) -> list[list[str]]:
    lines = text if isinstance(text, list) else [text]
    return [sorted(n for _, n, _, _ in Formatter().parse(str(line)) if n) for line in lines]


def test_the_catalogues_say_the_same():
    english, japanese = (catalogue(locale, PACKAGE) for locale in LOCALES)
    assert list(english) == list(japanese) and len(english) > 90
    for key, text in english.items():
        assert placeholders(text) == placeholders(japanese[key]), key
        assert text != japanese[key] or not re.search("[a-z]{2}", re.sub(r"\{\w+\}", "", str(text)))


def test_every_word_of_the_page_is_used():
    folder = files(PACKAGE)
    sources = [p for p in Path(str(folder)).rglob("*") if p.suffix in (".py", ".j2")]
    code = "\n".join(p.read_text("utf-8") for p in sources)
    built = ("figure", "lead", "mode", "value", "axis_name", "unit", "protocol", "group")
    unused = [k for k in catalogue("en", PACKAGE) if k not in code and k.split(".")[0] not in built]
    assert unused == []


def test_an_unknown_shape_is_no_figure():
    with pytest.raises(ValueError, match="kind"):
        FigureSpec(kind="pie")  # type: ignore[arg-type]
