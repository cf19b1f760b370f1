"""pinch.toml is read and checked; what is wrong with it becomes one sentence."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pinchtune.config.sections import Config
from pinchtune.errors import ConfigError
from pinchtune.files import read_text

CONFIG_NAME = "pinch.toml"


def load_config(folder: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read `folder`/pinch.toml, apply `section.key=value` overrides, check, and return it."""
    path = Path(folder) / CONFIG_NAME
    if not path.exists():
        raise ConfigError(f"{path}: does not exist; run `pinch init` to make a project")
    try:
        values = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML ({error}); correct it") from error
    for override in overrides:
        apply_override(values, override)
    return check_config(values, path, overrides)


def check_config(values: dict[str, Any], path: Path, overrides: Sequence[str] = ()) -> Config:
    """Return `values` as a Config; ConfigError names the file, the key and what to do."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, path, overrides)) from error


def explain(
    error: ValidationError,
    path: Path,
    overrides: Sequence[str] = (),
    model: type[BaseModel] = Config,
) -> str:
    """Return what is wrong with a file that is read as `model`: file, key and what to do."""
    return "; ".join(_explain(path, overrides, dict(e), model) for e in error.errors())


def _explain(
    path: Path, overrides: Sequence[str], error: dict[str, Any], model: type[BaseModel]
) -> str:
    key = ".".join(str(part) for part in error["loc"])
    place = next((f"--set {o}" for o in overrides if _concerns(o, key)), str(path))
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key {key!r}{_suggest(error['loc'], model)}"
    if error["type"] == "value_error":
        return f"{place}: {key}: {error['msg'].removeprefix('Value error, ')}"
    kind = error["type"].removesuffix("_type").removesuffix("_parsing")
    bound = "a number " if kind.startswith(("greater_than", "less_than")) else ""
    expected = _EXPECTED.get(kind, bound + error["msg"].removeprefix("Input should be "))
    return f"{place}: {key}: expected {expected}, found {error['input']!r}; correct it"


_EXPECTED = {
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "model": "a section such as [train]",
    "path": "text",
    "string": "text",
    "string_too_short": "text that is not empty",
    "tuple": 'a list such as ["es", "ja"]',
}


def _concerns(override: str, key: str) -> bool:
    """Return True if an error at `key` comes from this override."""
    changed = override.partition("=")[0].strip()
    return key == changed or key.startswith(f"{changed}.") or changed.startswith(f"{key}.")


def _suggest(loc: Sequence[str], model: type[BaseModel]) -> str:
    for part in loc[:-1]:
        if part not in model.model_fields:
            return "; remove it"
        annotation = model.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return "; remove it"
        model = annotation
    close = difflib.get_close_matches(loc[-1], model.model_fields, 1)
    return f"; did you mean {close[0]!r}?" if close else "; remove it"


def apply_override(values: dict[str, Any], override: str) -> None:
    """Put `section.key=value` into `values`; ConfigError if it does not read so."""
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set {override}: expected section.key=value; correct it")
    *tables, last = key.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {override}: {table!r} is not a section; name section.key")
    values[last] = _toml_value(text.strip())


def _toml_value(text: str) -> Any:
    """Return `text` as TOML would read it; a bare word is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
