"""Recipes: the shipped ones hold, bad ones are told in one sentence, grids become arms."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.config import Config
from pinchtune.data.mix import shares
from pinchtune.errors import ConfigError, UsageError
from pinchtune.experiments.expand import expand, settings
from pinchtune.experiments.figures import SHAPES
from pinchtune.experiments.recipe import Recipe, read_recipe, say, shipped_names

GENERIC = Config()


def recipe(*arms: dict, **values: object) -> Recipe:
    return Recipe.model_validate({"name": "mine", "title": "Mine", "arms": arms, **values})


def arms_of(*grids: dict, config: Config = GENERIC, **values: object) -> list:
    one = recipe(*grids, **values)
    return expand(one, settings(one, config))


def test_every_shipped_recipe_gives_arms_and_figures():
    names = list(shipped_names())
    assert len(names) == 20 and names[:3] == ["R1", "R4", "R5"]
    shapes = set()
    for name in names:
        one = read_recipe(name)
        arms = expand(one, settings(one, GENERIC))
        assert one.name == name and len(arms) >= 3, name
        assert say(one.title, "ja") != say(one.title, "en") and say(one.published, "ja")
        shapes |= {figure.kind for figure in one.figures}
    assert shapes == set(SHAPES)


def test_the_recipes_of_the_results_are_one_experiment():
    folder = Path(__file__).parents[2] / "docs/results/experiments-270m"
    from pinchtune.config import load_config

    config = load_config(folder)
    ids: Counter[str] = Counter()
    for name in ("dose", "languages", "temperature", "transfer"):
        one = read_recipe(str(folder / f"{name}.toml"))
        ids.update({arm.tuning_id for arm in expand(one, settings(one, config))})
    # The untuned model is in three of them; of three seeds the English arm in all, the pinch of
    # 40 in three.
    assert len(ids) == 88 and sorted(ids.values())[-8:] == [1, 3, 3, 3, 3, 4, 4, 4]


ANY_LANGUAGES = {"R1", "R8", "R9", "R10", "R11", "R17", "R18", "R19", "R21", "R26", "R29"}
LARGEST = {"R23": 640, "R11": 1600, "R18": 1600}


@pytest.mark.parametrize("name", [*shipped_names()])
def test_recipes_run_small_as_the_page_says(name: str):
    one, budget = read_recipe(name), f"mix.budget={LARGEST.get(name, 400)}"
    arms = expand(one, settings(one, GENERIC, [budget]))
    own = [arm.config.mix for arm in arms if arm.config.mix.mode == "replace" or not arm.dose]
    assert max(mix.dose for mix in own) <= max(mix.budget for mix in own)
    few = [budget, 'languages.tuned=["es", "ja"]']
    if name in ANY_LANGUAGES:
        assert expand(one, settings(one, GENERIC, few))
    else:
        with pytest.raises(ConfigError):
            expand(one, settings(one, GENERIC, few))


def test_the_english_arm_of_a_seed_is_one_arm_whatever_the_recipe():
    same = set()
    for grid in (
        {"dose": 0},
        {"dose": [0, 8], "mode": "add"},
        {"languages": [["es"], ["ja"]], "dose": 0, "method": "facility"},
        {"languages": "each", "percent": 0.1},
    ):
        same |= {arm.id for arm in arms_of(grid, settings={"mix": {"budget": 40}}) if not arm.dose}
    assert len(same) == 1


def test_an_arm_that_two_grids_name_is_there_once():
    arms = arms_of({"dose": [0, 40]}, {"dose": 40, "seed": [0, 1]})
    assert [(arm.dose, arm.seed) for arm in arms] == [(0, 0), (40, 0), (40, 1)]
    assert len({arm.point for arm in arms}) == 2


def test_a_grid_of_other_names_keeps_the_arm_under_each():
    arms = arms_of({"dose": 40, "languages": ["es"]}, {"dose": 40, "count": 1, "order": 0})
    assert len(arms) == 2 and arms[0].id == arms[1].id and arms[0].point != arms[1].point


def test_what_changes_the_weights_changes_their_name_and_nothing_else_does():
    first = arms_of({"dose": 40})[0]
    answering = [{"temperature": 0.7}, {"evaluate.prompts": 3}, {"generate.max_new_tokens": 9}]
    tuning = [{"train.rank": 2}, {"dose": 41}, {"seed": 1}, {"mode": "add"}, {"budget": 99}]
    tuning += [{"method": "facility"}, {"languages": ["ja", "es"]}, {"model": "other"}]
    for more in answering:
        other = arms_of({"dose": 40} | more)[0]
        assert other.tuning_id == first.tuning_id and other.id != first.id, more
    for more in tuning:
        assert arms_of({"dose": 40} | more)[0].tuning_id != first.tuning_id, more


def test_untuned_arms_have_nothing_of_a_mixture():
    arms = arms_of({"untuned": True, "dose": [0, 40], "mode": "add"})
    assert len(arms) == 1 and arms[0].dose == 0 and arms[0].stage_arm == "base"


def test_settings_go_over_the_project_and_overrides_over_both():
    one = recipe({"dose": 4}, settings={"mix": {"budget": 30}, "train": {"rank": 4}})
    config = settings(one, GENERIC, ["mix.budget=50"])
    assert (config.mix.budget, config.train.rank) == (50, 4)
    assert config.languages == GENERIC.languages


def test_a_percentage_becomes_a_dose():
    arms = arms_of({"percent": [1, 50]}, settings={"mix": {"budget": 200}})
    assert [arm.dose for arm in arms] == [2, 100]
    assert arms[0].id == arms_of({"dose": 2}, settings={"mix": {"budget": 200}})[0].id


@given(st.integers(1, 200), st.permutations(["en", "es", "ja", "ru", "ar"]), st.integers(1, 5))
def test_english_among_the_languages_takes_its_even_share(dose, codes, count):
    (arm,) = arms_of({"languages": list(codes), "count": count, "dose": dose})
    taken = shares(dose, codes[:count])
    assert arm.dose == dose - taken.get("en", 0)
    assert set(arm.languages) == ({c for c in codes[:count] if c != "en"} if arm.dose else set())
    assert arm.config.languages.evaluated[0] == "en"
    assert set(arm.config.languages.evaluated) == set(GENERIC.languages.evaluated)


def test_orders_differ_and_an_order_is_always_the_same():
    grid = {"dose": 40, "count": 2, "order": [0, 1, 2, 3, 4]}
    orders = [arm.languages for arm in arms_of(grid)]
    assert orders == [arm.languages for arm in arms_of(grid)]
    assert orders[0] == GENERIC.languages.tuned[:2] and len(set(orders)) > 2


BAD = {
    'name = "x"\ntitle = "x"': "arms: expected Field required",
    'name = "x"\ntitle = "x"\narms = []': "arms",
    'title = "x"\nname = "a b"\n[[arms]]\ndose = 1': "name",
    'name = "x"\ntitle = "x"\nfigure = []\n[[arms]]\ndose = 1': "did you mean 'figures'",
    'name = "x"\ntitle = "x"\nfigures = [{kind = "pie"}]\n[[arms]]\ndose = 1': "figures.0.kind",
    'name = "x"\ntitle = "x"\nfigures = [{kind = "dose", measure = "lines"}]\n[[arms]]\ndose = 1': (
        "no measure 'lines'; did you mean"
    ),
    'name = "x"\ntitle = {fr = "x"}\n[[arms]]\ndose = 1': "title",
    "name = ": "is not valid TOML",
}
BAD_GRIDS = [
    ({"doses": 4}, "unknown axis 'doses'; did you mean 'dose'?"),
    ({"mix.doze": 4}, "unknown key 'mix.doze'; did you mean 'dose'?"),
    ({"dose": "four"}, "mix.dose: expected a whole number, found 'four'"),
    ({"dose": -1}, "mix.dose"),
    ({"dose": []}, "dose has no values"),
    ({"languages": "every"}, "languages: expected 'all', 'each', 'pairs'"),
    ({"languages": ["vi"]}, "languages: vi is not evaluated"),
    ({"count": 9}, "count: 9 of 4 languages"),
    ({"count": "two"}, "count: 'two' of 4 languages"),
    ({"languages": ["en", "es"], "percent": 10}, "needs mix.budget"),
    ({"languages": ["zzz"]}, "zzz is not evaluated"),
    ({"languages": ["en", "es"], "mode": "add", "dose": 8}, "en among the languages takes"),
    ({"train.seeds": 3}, "train.seeds is no axis; list the seeds: seed = [0, 1, 2]"),
]


@pytest.mark.parametrize("text", BAD)
def test_a_bad_file_is_one_sentence(text: str, tmp_path: Path):
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        read_recipe(str(path))
    assert str(path) in str(error.value) and BAD[text] in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("grid", "said"), BAD_GRIDS)
def test_a_bad_grid_is_one_sentence(grid: dict, said: str):
    with pytest.raises(ConfigError) as error:
        arms_of(grid)
    assert str(error.value).startswith("recipe mine, arms 1: ") and said in str(error.value)


def test_bad_settings_name_the_recipe():
    with pytest.raises(ConfigError, match=r"recipe mine, settings: unknown key 'mix\.doze'"):
        arms_of({"dose": 1}, settings={"mix": {"doze": 1}})


def test_a_name_that_is_none_is_told_with_the_nearest():
    with pytest.raises(UsageError, match="no recipe 'R111'; did you mean 'R11'"):
        read_recipe("R111")


@pytest.mark.parametrize("name", [*shipped_names()])
def test_every_arm_has_an_english_arm_of_its_seed(name: str):
    one = read_recipe(name)
    arms = expand(one, settings(one, GENERIC))
    english = [arm for arm in arms if arm.dose == 0 and not arm.untuned]
    for arm in arms:
        pairs = [e for e in english if e.seed == arm.seed and e.answers_like(arm)]
        assert arm.untuned or pairs, arm.label
