"""A recipe is data: a TOML file that names the arms of an experiment and its figures.

Shipped ones lie beside this module; one's own is a file of the same shape.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pinchtune.config import Section, explain
from pinchtune.errors import ConfigError, UsageError
from pinchtune.files import read_text

Kind = Literal[
    "confusion",
    "dose",
    "forest",
    "gain",
    "languages",
    "pairs",
    "pareto",
    "pinch",
    "seen_unseen",
    "share",
    "similarity",
    "temperature",
    "transfer",
]
"""Shapes of figures; docs/experiments.md shows each."""
Locale = Literal["en", "ja"]


def _by_locale(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


Text = Annotated[dict[Locale, str], BeforeValidator(_by_locale)]
"""A text in English, or in several languages; a plain string is English."""


def say(text: dict[Locale, str], locale: str) -> str:
    """Return a text in a locale; in English, or whatever there is, where it has none of it."""
    return next((t for code, t in text.items() if code == locale), "") or text.get(
        "en", next(iter(text.values()), "")
    )


class FigureSpec(Section):
    """[[figures]]: one figure."""

    kind: Kind
    """Its shape."""
    measure: str = "right_language"
    """What is shown, by its name in scores.json, or `win_rate` against the control arm."""
    only: dict[str, Any] = Field(default={})
    """Axes that an arm must have to be shown, such as {mode = "add"}."""
    title: Text = Field(default={})


class Recipe(Section):
    """A whole recipe file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Short name, as `pinch experiment run` takes it."""
    title: Text
    """What is asked, in a line."""
    published: Text = Field(default={})
    """What was found before, and where."""
    findings: tuple[Text, ...] = ()
    """What it showed, in plain sentences: written when the arms have scores."""
    limits: tuple[Text, ...] = ()
    """How it differs from what was published, and what it cannot show."""
    settings: dict[str, Any] = Field(default={})
    """Sections of pinch.toml that hold for every arm."""
    arms: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    """Grids: every key is an axis, every list of values is gone through."""
    figures: tuple[FigureSpec, ...] = ()

    @model_validator(mode="after")
    def _known_measures(self) -> Recipe:
        from pinchtune.evaluation.measures import MEASURES

        names = [*(m.name for m in MEASURES), WIN_RATE]
        for figure in self.figures:
            if figure.measure not in names:
                close = difflib.get_close_matches(figure.measure, names, 1, 0)
                raise ValueError(f"no measure {figure.measure!r}; did you mean {close[0]!r}?")
        return self


WIN_RATE = "win_rate"
BITS = "bits_per_byte"
SHIPPED = "pinchtune.experiments"


def read_recipe(name: str) -> Recipe:
    """Return a shipped recipe by its name, or the one in the file `name`."""
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return _parse(read_text(path), path)
    own = files(SHIPPED) / "recipes" / f"{name}.toml"
    if not own.is_file():
        close = difflib.get_close_matches(name, list(shipped_names()), 1, 0.3)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"no recipe {name!r}{hint} `pinch experiment list` shows all; your own is a .toml file"
        )
    return _parse(own.read_text("utf-8"), Path(own.name))


def _parse(text: str, path: Path) -> Recipe:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML ({error}); correct it") from error
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, path, model=Recipe)) from error


def shipped_names() -> Iterator[str]:
    """Yield the names of the shipped recipes, in their order: R1, R4, … R29."""
    folder = files(SHIPPED) / "recipes"
    names = (p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))
    yield from sorted(names, key=lambda n: (len(n.partition("-")[0]), n))
