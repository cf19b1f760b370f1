"""A toy project whose arms are tuned and looked into once; nobody may change it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from parallel_rows import ROWS, make_parallel, write_parallel

from pinchtune.files import read_json
from pinchtune.probing.run import probe
from pinchtune.stages.generate import generate
from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train


class Probed(NamedTuple):
    """A finished run."""

    project: Project
    parallel: Path
    found: dict[str, Any]
    folder: Path


def tune(project: Project) -> Project:
    mix(project)
    train(project)
    generate(project)
    return project


@pytest.fixture(scope="session")
def tuned_project(
    tmp_path_factory: pytest.TempPathFactory, write_project: Callable[..., Path]
) -> Project:
    """A toy project with both arms tuned and answered."""
    folder = write_project(tmp_path_factory.mktemp("probe") / "toy <b> 試験")
    write_parallel(folder / "parallel.jsonl", make_parallel(ROWS, 1, 13))
    return tune(Project.open(folder))


@pytest.fixture(scope="session")
def probed(tuned_project: Project) -> Probed:
    """The toy project after `pinch probe --interventions`."""
    parallel = tuned_project.folder / "parallel.jsonl"
    run = probe(tuned_project, interventions=True, strength=2.0, parallel=parallel)
    return Probed(tuned_project, parallel, read_json(run.path / "probe.json"), run.path)
