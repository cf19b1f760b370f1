"""pinchtune-arm.json: what an exported folder is, so that the arm is known when it comes back.

The rows that were tuned on are held by hash, and must be as they were. The settings are too, and
may have been changed on the other machine: that is no fault, but it is said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from pinchtune.config import Section
from pinchtune.errors import DataError, UsageError
from pinchtune.files import hash_file, read_json, write_json
from pinchtune.trainers.recipe import CONVERSATIONS, TOKENS

Name = Literal["trl", "axolotl", "llamafactory", "ms-swift"]
NAME = "pinchtune-arm.json"
ROWS = (CONVERSATIONS, TOKENS)
"""Files of rows; beside them the Arrow files of a data set."""


class Origin(Section):
    """What goes with an exported arm."""

    format: Literal[1] = 1
    """The shape of this file."""
    trainer: Name
    """The trainer that it was exported to, by its name in the table."""
    arm: str
    """Name of the arm: `pinch`, `seed1/pinch` …"""
    mixture: str
    """Hash of the arm's rows in the mixture."""
    model: dict[str, Any]
    """What identifies the base model."""
    train: dict[str, Any]
    """The settings of the project it was exported with."""
    rows: dict[str, int]
    """Rows used, cut and dropped."""
    steps: int
    """Optimiser steps."""
    data: dict[str, str]
    """Hash of each file of rows."""
    settings: dict[str, str]
    """Hash of each file of settings."""


def write_origin(folder: Path, origin: Origin) -> None:
    """Write pinchtune-arm.json."""
    write_json(folder / NAME, origin.model_dump())


def hash_files(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return {name: SHA-256} of files of an exported folder."""
    return {name: hash_file(folder / name) for name in names}


def data_files(folder: Path) -> tuple[str, ...]:
    """Return the names of the files that hold rows."""
    arrow = (path.relative_to(folder).as_posix() for path in sorted(folder.glob("tokens/data-*")))
    return (*ROWS, *arrow)


def find_origin(folder: Path) -> Path | None:
    """Return the exported folder that `folder` is or lies in; None if there is none."""
    places = (folder, *folder.absolute().parents[:2])
    return next((place for place in places if (place / NAME).is_file()), None)


def read_origin(folder: Path) -> Origin:
    """Return what pinchtune-arm.json says; DataError if it is not one of ours."""
    path = folder / NAME
    try:
        return Origin.model_validate(read_json(path))
    except ValidationError as error:
        message = "is not of this version of pinchtune; export the arm again"
        raise DataError(message, path) from error


def check_data(folder: Path, origin: Origin) -> None:
    """Raise UsageError if rows were changed since the export; files that are gone say nothing."""
    changed = _changed(folder, origin.data)
    if changed:
        raise UsageError(
            f"{folder / changed[0]}: was changed after the export, so the arm is not one of this "
            "project; change the project's data, export and tune again"
        )


def check_whole(weights: Path, origin: Origin) -> None:
    """Raise UsageError if weights are of a checkpoint before the last step."""
    name, _, step = weights.name.rpartition("-")
    most = min(origin.steps, _full_steps(origin))
    if name == "checkpoint" and step.isdigit() and int(step) < most:
        raise UsageError(
            f"{weights}: is the arm after {int(step)} of {most} steps; let the trainer finish, or "
            "copy the folder with the last step too"
        )


def _full_steps(origin: Origin) -> int:
    """Return the steps of a trainer that fills each of them."""
    rows = origin.rows["used"] * origin.train["epochs"]
    return int(-(-rows // origin.train["batch_size"]))


def changed_settings(folder: Path, origin: Origin) -> list[str]:
    """Return the files of settings that were changed since the export."""
    return _changed(folder, origin.settings)


def _changed(folder: Path, hashes: dict[str, str]) -> list[str]:
    return [
        name
        for name, digest in hashes.items()
        if (folder / name).is_file() and hash_file(folder / name) != digest
    ]
