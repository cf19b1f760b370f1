"""pinch init --from: a project that begins with the configuration of another trainer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.config import ModelConfig, apply_override, check_config
from pinchtune.data.formats import read_examples
from pinchtune.errors import UsageError
from pinchtune.stages.init import head_of_toml, make_project, starter_files
from pinchtune.trainers.reading import Taken, read_config

BASE = "base.jsonl"


class Begun(NamedTuple):
    """A project, and what became of the configuration it was made from."""

    config: Path
    """pinch.toml."""
    title: str
    """The trainer whose configuration it was."""
    taken: dict[str, Any]
    """Our options, by name."""
    left: dict[str, str]
    """Theirs that were not taken over, and why as far as there is more to say."""


def init_from(folder: str | Path, source: str | Path, starter: bool = True) -> Begun:
    """Make `folder` a project with what can be taken from a configuration of another trainer."""
    folder, source = Path(folder), Path(source)
    taken = read_config(source)
    _take_data(taken)
    text = _toml(folder, taken, source)
    texts = starter_files() if starter else {}
    if "data.base" in taken.settings:
        texts.pop(BASE, None)
    path = make_project(folder, text, texts)
    return Begun(path, taken.title, taken.settings, taken.left)


def _take_data(taken: Taken) -> None:
    """Take the one data set that is a file here; of others say how they come in."""
    for source in taken.data:
        path = Path(source)
        if path.is_file() and "data.base" not in taken.settings:
            try:
                read_examples(path)
            except UsageError as error:
                taken.left[source] = str(error)
            else:
                taken.settings["data.base"] = str(path.resolve())
        else:
            taken.left[source] = f"take it in with `pinch data import {source} --into base`"


def _toml(folder: Path, taken: Taken, source: Path) -> str:
    """Return the text of pinch.toml; ConfigError if a value is none that we take."""
    values: dict[str, Any] = {}
    for name, value in taken.settings.items():
        apply_override(values, f"{name}={json.dumps(value, ensure_ascii=False)}")
    config = check_config(values, source)
    head = head_of_toml(folder, config)
    tables = [_table(name, table) for name, table in values.items() if name != "model"]
    return "\n".join([_with_dtype(head, config.model), *tables])


def _table(name: str, options: Mapping[str, Any]) -> str:
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in options.items())
    return f"[{name}]\n{''.join(lines)}"


def _with_dtype(head: str, model: ModelConfig) -> str:
    """Put the number format under the base model, if one was named."""
    if model.dtype == ModelConfig().dtype:
        return head
    return head.replace("\n\n[languages]", f'\ndtype = "{model.dtype}"\n\n[languages]', 1)
