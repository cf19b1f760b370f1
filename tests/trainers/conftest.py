"""A mixed project, and what is exported from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune


@pytest.fixture(scope="session")
def mixed(
    write_project: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> pinchtune.Project:
    """A small project whose mixture is made: 24 rows in steps of 4."""
    folder = write_project(tmp_path_factory.mktemp("mixed") / "project")
    project = pinchtune.Project.open(folder)
    pinchtune.mix(project)
    return project


@pytest.fixture(scope="session")
def exported(
    mixed: pinchtune.Project, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return the folder of the arm `pinch` for a trainer; made once."""
    top, made = tmp_path_factory.mktemp("exported"), {}

    def export(to: str) -> Path:
        if to not in made:
            made[to] = pinchtune.export_trainer(mixed, "pinch", top / to, to=to)
        return made[to]

    return export
