"""From a recipe to its arms: every grid is gone through, every arm gets a whole configuration.

An axis is a short name of a key of pinch.toml (AXES), any `section.key` itself, or one of

    languages   the pinch: "all" tuned ones, "each" of them alone, "pairs" of them, one list, or
                a list of lists; `en` among them takes its even share of what is replaced
    count       the first so many of them
    order       seed of an order in which `count` counts; 0 is the order as written
    seed        seed of every draw, of tuning and of sampling
    untuned     true: the base model as it is
    label       a name for figures
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

from pinchtune.config import ENGLISH, Config, SelectConfig, apply_override, check_config
from pinchtune.data.mix import pinch_size, shares
from pinchtune.errors import ConfigError
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.recipe import Recipe

AXES = {
    "dose": "mix.dose",
    "percent": "mix.percent",
    "mode": "mix.mode",
    "budget": "mix.budget",
    "method": "select.method",
    "temperature": "generate.temperature",
    "learning_rate": "train.learning_rate",
    "model": "model.base",
    "pool": "data.pinch",
}
"""Short names of axes."""
SPECIAL = ("languages", "count", "order", "seed", "untuned", "label")
SEEDS = ("mix", "train", "generate")
"""Sections whose seed `seed` sets."""
BESIDE_DOSE = ("count", "order", "label", "mode", "method", "pool")
"""Axes that say how a pinch is made: an arm without one has none of them."""
Values = dict[str, Any]


def axis_value(arm: Arm, name: str) -> Any:
    """Return what an arm has on an axis, whether its grid names it or the settings do."""
    if name in arm.axes:
        return arm.axes[name]
    value: Any = arm.config.model_dump(mode="json")
    for part in AXES.get(name, name).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def settings(recipe: Recipe, config: Config, overrides: Sequence[str] = ()) -> Config:
    """Return the project's configuration with the recipe's settings, and overrides over both."""
    values = _merge(config.model_dump(mode="json"), recipe.settings)
    for override in overrides:
        apply_override(values, override)
    return check_config(values, _place(recipe, "settings"), overrides)


def expand(recipe: Recipe, config: Config) -> list[Arm]:
    """Return the arms of a recipe in their order; ConfigError for a bad grid.

    An arm that several grids name is there once, unless they call it by different names.
    """
    found: dict[tuple[str, str], Arm] = {}
    for number, grid in enumerate(recipe.arms, 1):
        place = _place(recipe, f"arms {number}")
        for axes in _combine(grid, config, place):
            arm = _make(axes, config, place)
            found.setdefault((arm.id, arm.point), arm)
    return list(found.values())


def _place(recipe: Recipe, part: str) -> Path:
    return Path(f"recipe {recipe.name}, {part}")


def _merge(values: Values, more: Mapping[str, Any]) -> Values:
    merged = dict(values)
    for key, value in more.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, Mapping)
        merged[key] = _merge(old, value) if both and isinstance(old, dict) else value
    return merged


def _combine(grid: Mapping[str, Any], config: Config, place: Path) -> Iterator[Values]:
    for name in grid:
        if name == "train.seeds":
            raise ConfigError(f"{place}: train.seeds is no axis; list the seeds: seed = [0, 1, 2]")
        if name not in AXES and name not in SPECIAL and "." not in name:
            close = difflib.get_close_matches(name, [*AXES, *SPECIAL], 1)
            hint = f"did you mean {close[0]!r}?" if close else "name a key as section.key"
            raise ConfigError(f"{place}: unknown axis {name!r}; {hint}")
    given = {k: v if isinstance(v, list) else [v] for k, v in grid.items() if k != "languages"}
    sets = _language_sets(grid.get("languages", "all"), config, place)
    choices = {"languages": sets, **given}
    empty = [name for name, values in choices.items() if not values]
    if empty:
        raise ConfigError(f"{place}: {empty[0]} has no values; give it at least one")
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def _language_sets(wanted: Any, config: Config, place: Path) -> list[list[str]]:
    tuned = list(config.languages.tuned)
    named = {
        "all": [tuned],
        "each": [[code] for code in tuned],
        "pairs": [list(pair) for pair in combinations(tuned, 2)],
    }
    if isinstance(wanted, str) and wanted in named:
        return named[wanted]
    if isinstance(wanted, list) and all(isinstance(code, str) for code in wanted):
        return [wanted]
    if isinstance(wanted, list) and all(isinstance(codes, list) for codes in wanted):
        return wanted
    raise ConfigError(
        f"{place}: languages: expected {', '.join(map(repr, named))}, a list of languages or a "
        f"list of such lists, found {wanted!r}; correct it"
    )


def _make(axes: Values, config: Config, place: Path) -> Arm:
    untuned = bool(axes.pop("untuned", False))
    values = config.model_dump(mode="json")
    if "dose" in axes and "percent" not in axes:
        values["mix"]["percent"] = None
    for name, value in axes.items():
        if name not in SPECIAL:
            section, _, key = AXES.get(name, name).partition(".")
            values.setdefault(section, {})[key] = value
    # Seeds are an axis here: each arm is one tuning.
    values["train"]["seeds"] = 1
    for section in SEEDS if "seed" in axes else ():
        values[section]["seed"] = axes["seed"]
    values["languages"] = _share_out(axes, config, place)
    return _settle(Arm(check_config(values, place), axes, untuned), place)


def _share_out(axes: Values, config: Config, place: Path) -> Values:
    """Return [languages] of an arm: those of its pinch, and all others as unseen."""
    codes = list(axes["languages"])
    if axes.get("order"):
        random.Random(f"order-{axes['order']}").shuffle(codes)
    count = axes.get("count", len(codes))
    if not isinstance(count, int) or not 0 < count <= len(codes):
        raise ConfigError(f"{place}: count: {count!r} of {len(codes)} languages; correct it")
    axes["languages"] = codes = codes[:count]
    strange = [code for code in codes if code not in config.languages.evaluated]
    if strange:
        raise ConfigError(
            f"{place}: languages: {strange[0]} is not evaluated; add it to languages.tuned or "
            "languages.unseen of the settings"
        )
    others = {code for code in config.languages.evaluated if code != ENGLISH}
    tuned = [code for code in codes if code != ENGLISH] or sorted(others)[:1]
    return {"tuned": tuned, "unseen": sorted(others - set(tuned))}


def _settle(arm: Arm, place: Path) -> Arm:
    """Return the arm with its dose counted, and an English or untuned one without what it lacks."""
    mix, axes = arm.config.mix, dict(arm.axes)
    if mix.percent is not None and mix.budget:
        mix = mix.model_copy(update={"dose": pinch_size(mix.budget, mix), "percent": None})
    if ENGLISH in axes["languages"]:
        if mix.mode == "add":
            raise ConfigError(
                f"{place}: en among the languages takes its share of what is replaced; set mode = "
                "'replace', or take en out"
            )
        if mix.percent is not None:
            raise ConfigError(f"{place}: a percentage that en has a share in needs mix.budget")
        dose = mix.dose - shares(mix.dose, axes["languages"])[ENGLISH]
        mix = mix.model_copy(update={"dose": dose})
    if mix.percent is None:
        axes["dose"] = mix.dose
    settled = Arm(arm.config.model_copy(update={"mix": mix}), axes, arm.untuned)
    return _without_pinch(settled) if settled.dose == 0 else settled


def _without_pinch(arm: Arm) -> Arm:
    """Return an English or untuned arm: the same one whatever the grid that it stands in."""
    config, is_named = arm.config, arm.axes["languages"] == [ENGLISH]
    codes = sorted(code for code in config.languages.evaluated if code != ENGLISH)
    languages = {"tuned": (codes[0],), "unseen": (*codes[1:],)}
    update = {
        "languages": config.languages.model_copy(update=languages),
        "mix": config.mix.model_copy(update={"dose": 0}),
        "select": SelectConfig(),
    }
    # Where English is one of the languages that are counted, its place among them is kept.
    kept = ("count", "order", "label") if is_named and not arm.untuned else ()
    dropped = {"dose", "percent", *BESIDE_DOSE} - {*kept}
    axes = {k: v for k, v in arm.axes.items() if k not in dropped} | {"languages": []}
    dose = {} if arm.untuned else {"dose": 0}
    return Arm(config.model_copy(update=update), axes | dose, arm.untuned)
