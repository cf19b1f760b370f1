"""Estimates of a recipe's arms: right means, paired differences, seeds apart."""

from __future__ import annotations

from statistics import mean

import pytest
from made_up_scores import make_up

from pinchtune.config import Config
from pinchtune.experiments.board import Board
from pinchtune.experiments.expand import expand, settings
from pinchtune.experiments.recipe import WIN_RATE, Recipe
from pinchtune.experiments.scores import Prompt, Scored


def board_of(*grids: dict, budget: int = 80, less: int = 0) -> Board:
    one = Recipe.model_validate(
        {"name": "x", "title": "x", "arms": grids, "settings": {"mix": {"budget": budget}}}
    )
    config = settings(one, Config())
    arms = expand(one, config)
    scored = {}
    for arm in arms[: len(arms) - less]:
        file = make_up(arm)
        prompts = tuple(Prompt(*row) for row in file["prompts"])
        scored[arm.id] = Scored(prompts, file["measures"], {})
    return Board(config, arms, scored)


def values(board: Board, arm, measure: str, code: str) -> list[float]:
    scored = board.scored[arm.id]
    pairs = zip(scored.prompts, scored[measure], strict=True)
    return [s.value for p, s in pairs if p.language == code and s]


@pytest.fixture(scope="module")
def board() -> Board:
    return board_of({"untuned": True}, {"dose": [0, 8, 40], "seed": [0, 1, 2]})


def test_a_point_is_an_arm_under_all_its_seeds(board: Board):
    assert [(p.arm.dose, len(p.arms), p.arm.untuned) for p in board.points] == [
        (0, 1, True),
        (0, 3, False),
        (8, 3, False),
        (40, 3, False),
    ]


def test_an_estimate_is_the_mean_of_seeds_and_languages(board: Board):
    point, codes = board.points[3], board.groups["unseen"]
    found = board.estimate(point, "right_language", codes)
    expected = mean(
        mean(values(board, arm, "right_language", code)) for arm in point.arms for code in codes
    )
    assert found and found.these_seeds.value == pytest.approx(expected)
    assert found.seeds == 3 and found.these_seeds.n == 16 * len(codes)
    assert found.any_seeds.low <= found.these_seeds.low < expected


def test_a_ratio_is_a_ratio_of_sums(board: Board):
    found = board.estimate(board.points[0], "bits_per_byte", ["es"])
    expected = mean(values(board, board.points[0].arm, "bits_per_byte", "es")) / 50
    assert found and found.these_seeds.value == pytest.approx(expected)


def test_a_difference_is_paired_by_seed_and_of_an_arm_with_itself_none(board: Board):
    english, point = board.points[1], board.points[3]
    assert board.control(point) is english
    found = board.difference(point, english, "right_language", ["fi"])
    by_seed = [
        mean(values(board, a, "right_language", "fi"))
        - mean(values(board, b, "right_language", "fi"))
        for a, b in zip(point.arms, english.arms, strict=True)
    ]
    assert found and found.these_seeds.value == pytest.approx(mean(by_seed))
    same = board.difference(point, point, "right_language", ["fi"])
    assert same and same.these_seeds[:3] == (0, 0, 0)
    base = board.difference(point, board.points[0], "chrf", ["fi"])
    assert base and base.seeds == 3


def test_win_rates_are_against_the_control_of_the_same_seed(board: Board):
    english, point = board.points[1], board.points[3]
    own = board.estimate(english, WIN_RATE, ["es"])
    assert own and own.these_seeds[:3] == (50, 50, 50)
    won = [
        board.scored[a.id].wins_against(board.scored[b.id])
        for a, b in zip(point.arms, english.arms, strict=True)
    ]
    expected = mean(
        mean(v.value for k, v in scores.items() if k.startswith("es")) for scores in won
    )
    found = board.estimate(point, WIN_RATE, ["es"])
    assert found and found.these_seeds.value == pytest.approx(expected)
    assert board.by_seed(point, WIN_RATE, ["es"]).keys() == {0, 1, 2}


def test_the_control_has_all_in_common_but_the_pinch():
    board = board_of(
        {"dose": [0, 8], "temperature": [0.0, 0.7]},
        {"dose": [0, 8], "learning_rate": 1e-4},
        {"dose": 8, "method": "facility", "mode": "add"},
    )
    for point in board.points:
        control = board.control(point)
        assert control and control.arm.dose == 0
        assert control.arm.config.generate == point.arm.config.generate
        assert control.arm.config.train == point.arm.config.train
    assert board_of({"dose": 8}).control(board.points[-1]) is None


def test_monolingual_arms_are_found():
    board = board_of({"dose": 0}, {"languages": "each", "percent": 100}, {"dose": 80})
    assert [p.language for p in board.points if p.is_whole] == ["en", "es", "ja", "ru", "ar"]
    whole = board.whole("ja")
    assert whole and whole.arm.languages == ("ja",) and board.whole("fi") is None


def test_arms_without_scores_are_left_out():
    board = board_of({"dose": [0, 8, 40]}, less=1)
    assert board.total == 3 and [p.arm.dose for p in board.points] == [0, 8]
    missing = board.estimate(board.points[0], "repetition", ["es"])
    assert missing is None


def test_a_difference_is_over_the_languages_that_both_sides_and_all_seeds_have():
    board = board_of({"dose": [0, 40], "seed": [0, 1]})
    english, point = board.points
    lacking = board.scored[point.arms[1].id]
    no_fi = [
        None if p.language == "fi" else s.value
        for p, s in zip(lacking.prompts, lacking["chrf"], strict=True)
        if s
    ]
    board.scored[point.arms[1].id] = Scored(lacking.prompts, {"chrf": no_fi}, {})
    found = board.difference(point, english, "chrf", ["it", "fi"])
    by_seed = [
        mean(values(board, a, "chrf", "it")) - mean(values(board, b, "chrf", "it"))
        for a, b in zip(point.arms, english.arms, strict=True)
    ]
    assert found and found.these_seeds.value == pytest.approx(mean(by_seed))
    assert found.seeds == 2 and found.these_seeds.n == 16
    assert board.difference(point, english, "chrf", ["fi"]) is None


def test_seen_and_unseen_are_those_of_the_arm():
    board = board_of({"dose": 0}, {"dose": 8, "languages": [["ja"], ["fi", "es"]]})
    english, one, two = board.points
    assert board.groups_of(english) == board.groups
    assert board.groups_of(one)["seen"] == ("ja",) and "es" in board.groups_of(one)["unseen"]
    groups = board.groups_of(two)
    assert groups["seen"] == ("fi", "es") and not {"fi", "es", "en"} & {*groups["unseen"]}
    assert {*groups["seen"], *groups["unseen"]} == {*board.groups["non_english"]}
